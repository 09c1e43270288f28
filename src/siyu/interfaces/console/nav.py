"""The rooms of the console, in the order of the menu; a room shows only to roles that may enter."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.http import HttpRequest
from django.urls import resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from siyu.foundation import api as foundation
from siyu.interfaces.ui.api import rule_of


@dataclass(frozen=True)
class Room:
    """One entry of the menu. ``also`` names further views that belong to it (for the marked entry)."""

    view: str
    label: Promise
    icon: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Rooms under one small heading."""

    label: Promise | str
    rooms: tuple[Room, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class Entry:
    """A room as drawn for one reader."""

    label: Promise
    icon: str
    href: str
    active: bool


SETTINGS: tuple[Room, ...] = (
    Room("organisation", _("Organisation and team"), "sitemap", ("employee",)),
    Room("accounts", _("Accounts and roles"), "user-shield", ("account-new", "account")),
    Room("connections", _("Connections"), "plug-connected", ("connection", "connection-new")),
    Room("settings", _("Preferences"), "adjustments", ("setting",)),
    Room("audit", _("Audit"), "history"),
    Room("api-keys", _("API keys"), "key"),
    Room("dead-letters", _("Dead letters"), "mail-exclamation"),
    Room("jobs", _("Background work"), "clock-cog"),
)
MENU: tuple[Group, ...] = (
    Group("", (Room("today", _("Today"), "home", ("metric",)),)),
    Group(
        _("Customers"),
        (
            Room("customers", _("Customers"), "users", ("customer", "customer-erase")),
            Room(
                "segments",
                _("Segments"),
                "chart-pie",
                ("segment", "segment-new", "segment-edit", "segment-why"),
            ),
            Room("merge-cases", _("Customers to merge"), "users-group"),
            Room("unmatched", _("Orders to claim"), "receipt", ("claim",)),
            Room("imports", _("Order import"), "file-upload", ("import-new", "import", "import-preview")),
        ),
    ),
    Group(
        _("Operations"),
        (
            Room(
                "journeys",
                _("Automation"),
                "route",
                ("journey", "journey-new", "journey-edit", "journey-step", "journey-step-new"),
            ),
            Room("tasks", _("Clerks' tasks"), "checklist"),
            Room("deliveries", _("Delivery record"), "send", ("delivery",)),
            Room("codes", _("Live codes"), "qrcode", ("code", "code-new", "code-edit")),
        ),
    ),
)


def _allowed(request: HttpRequest, view: str) -> bool:
    """A room shows when its capability is there and the reader's role may enter it."""
    principal = foundation.principal_of(request)
    declared = rule_of(resolve(reverse(f"console:{view}")).func)
    return declared is not None and principal is not None and principal.role in declared.roles


def _entry(request: HttpRequest, room: Room) -> Entry:
    match = request.resolver_match
    here = match.url_name if match and match.namespace == "console" else ""
    return Entry(
        room.label, room.icon, reverse(f"console:{room.view}"), here == room.view or here in room.also
    )


def menu(request: HttpRequest) -> list[tuple[Promise | str, list[Entry]]]:
    """The groups of the menu with the rooms this reader may enter; empty groups are left out."""
    drawn: list[tuple[Promise | str, list[Entry]]] = []
    for group in MENU:
        entries = [_entry(request, room) for room in group.rooms if _allowed(request, room.view)]
        if entries:
            drawn.append((group.label, entries))
    inside = settings_menu(request)
    if inside:
        active = any(one.active for one in inside)
        drawn.append((_("Administration"), [Entry(_("Settings"), "settings", inside[0].href, active)]))
    return drawn


def settings_menu(request: HttpRequest) -> list[Entry]:
    """The pages inside the settings room that this reader may enter."""
    return [_entry(request, room) for room in SETTINGS if _allowed(request, room.view)]
