"""The set-up of a WeCom company as the console renders it: fields, live checks, status."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from siyu.connectors.wecom import connections
from siyu.connectors.wecom.client import Client
from siyu.connectors.wecom.contracts import AppSettings, ConnectionSettings, ConnectionView, Purpose
from siyu.connectors.wecom.crypto import BadKey, decode_key
from siyu.connectors.wecom.models import App, Connection
from siyu.connectors.wecom.words import FIELD_AES_KEY
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput, SiyuError

KEY = "wecom"
APP = "siyu"
ADDRESS = "https://qyapi.weixin.qq.com"
LONGEST = {"name": 120, "corpid": 64, "base_url": 200, "agentid": 18}


def _free_key(taken: set[str]) -> str:
    """A key for one more company: wecom, wecom-2, wecom-3, …"""
    keys = (KEY if number == 1 else f"{KEY}-{number}" for number in count(1))
    return next(key for key in keys if key not in taken)


def _wrong(
    values: Mapping[str, str],
    fields: Sequence[foundation.SetupField],
    others: Sequence[ConnectionView],
) -> dict[str, object]:
    """Field → what is wrong with what was typed for one company beside these others."""
    typed = {field.name: values.get(field.name, "").strip() for field in fields}
    wrong: dict[str, object] = {
        field.name: _("This field is required.")
        for field in fields
        if field.required and not typed[field.name]
    }
    for name, limit in LONGEST.items():
        if len(typed[name]) > limit:
            wrong[name] = _("Enter at most %(limit)s characters.") % {"limit": limit}
    if not wrong and not typed["agentid"].isdecimal():
        wrong["agentid"] = _("The AgentId is a number.")
    if typed["aes_key"]:
        try:
            decode_key(typed["aes_key"])
        except BadKey:
            wrong["aes_key"] = FIELD_AES_KEY
    if any(one.corpid == typed["corpid"] for one in others):
        wrong["corpid"] = _("This company is connected already. Open it to change it.")
    return wrong


class WecomSetup:
    """Implements the foundation's Setup for one application that does all: customers, directory, messages."""

    label = _("WeCom")

    def statuses(self) -> Sequence[foundation.SetupStatus]:
        """All companies."""
        return [_status(view) for view in connections.connections()]

    def fields(self, key: str = "") -> Sequence[foundation.SetupField]:
        """The form of a company, with what is stored except secrets."""
        view = next((item for item in connections.connections() if item.key == key), None)
        stored = view is not None
        app = view.apps[0] if view and view.apps else None
        secret = _("Leave empty to keep the stored one.") if stored else ""
        return [
            _field("name", _("Name"), view.name if view else "", required=False),
            _field("corpid", _("Company id (CorpID)"), view.corpid if view else ""),
            _field("base_url", _("Address of the API"), view.base_url if view else ADDRESS, kind="url"),
            _field(
                "agentid", _("AgentId of the application"), str(app.agentid) if app else "", kind="number"
            ),
            _field("secret", _("Secret of the application"), kind="secret", help=secret, required=not stored),
            _field("token", _("Callback Token"), kind="secret", help=secret, required=not stored),
            _field("aes_key", _("Callback EncodingAESKey"), kind="secret", help=secret, required=not stored),
        ]

    def save(
        self, values: Mapping[str, str], *, key: str = "", at: datetime, by: foundation.Principal
    ) -> str:
        """Save the form; BadInput names what is wrong and changes nothing."""
        known = connections.connections()
        if wrong := _wrong(values, self.fields(key), [one for one in known if not key or one.key != key]):
            raise BadInput("wecom.settings", fields=wrong)
        view = next((item for item in known if item.key == key), None)
        app_key = view.apps[0].key if view and view.apps else APP
        clean = {name: value.strip() for name, value in values.items()}
        saved = connections.save_connection(
            ConnectionSettings(
                key=key or _free_key({one.key for one in known}),
                corpid=clean["corpid"],
                name=clean.get("name", ""),
                base_url=clean["base_url"],
                apps=(
                    AppSettings(
                        key=app_key, agentid=int(clean["agentid"]), secret=clean.get("secret", ""),
                        token=clean.get("token", ""), aes_key=clean.get("aes_key", ""),
                    ),
                ),
            ),
            at=at,
            drop_other_apps=view is None,
        )  # fmt: skip
        foundation.audit(by, "connection.saved", "wecom_connection", saved.id, {"key": saved.key}, at=at)
        return saved.key

    def check(self, key: str, *, at: datetime) -> Sequence[foundation.SetupCheck]:
        """Token, directory, customer contact, callback: each says what to do when it fails."""
        connection = connections.find(key)
        checks = [
            _try(f"token.{app.key}", _("Token of %(app)s") % {"app": app.name or app.key},
                 _token_of(connection, app))
            for app in App.objects.filter(connection=connection).order_by("id")
        ]  # fmt: skip
        directory = connections.client_for(connection, Purpose.DIRECTORY)
        contact = connections.client_for(connection, Purpose.CONTACT)
        checks.append(_try("directory", _("Directory"), _counted(directory, "department/list", "department")))
        checks.append(
            _try(
                "contact",
                _("Customer contact"),
                _counted(contact, "externalcontact/get_follow_user_list", "follow_user"),
            )
        )
        checks.append(_callback(connection))
        return checks

    def pull(self, key: str, *, at: datetime, by: foundation.Principal) -> None:
        """Directory and customers anew, in the background."""
        connection = connections.find(key)
        for job in ("wecom.directory", "wecom.reconcile"):
            foundation.enqueue(job, {"connection": connection.pk}, due_at=at, key=f"asked:{connection.pk}")
        foundation.audit(by, "connection.pulled", "wecom_connection", connection.pk, at=at)


SETUP = WecomSetup()


def _field(name: str, label: Any, value: str = "", **more: Any) -> foundation.SetupField:
    return foundation.SetupField(name=name, label=label, value=value, **more)


def _status(view: ConnectionView) -> foundation.SetupStatus:
    callbacks = tuple(
        (_("Callback address of %(app)s") % {"app": app.name or app.key}, app.callback_path)
        for app in view.apps
    )
    return foundation.SetupStatus(
        key=view.key,
        title=view.name,
        status=str(view.status),
        last_error=view.last_error,
        last_error_at=view.last_error_at,
        details=(
            (_("Company id (CorpID)"), view.corpid),
            (_("Address of the API"), view.base_url),
            (_("Last callback"), _when(view.last_callback_at)),
            (_("Directory synced"), _when(view.directory_synced_at)),
            (_("Customers compared"), _when(view.reconciled_at)),
            *callbacks,
        ),
    )


def _when(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else "—"


def _try(key: str, label: Any, work: Callable[[], str]) -> foundation.SetupCheck:
    try:
        return foundation.SetupCheck(key, label, True, work())
    except SiyuError as error:
        return foundation.SetupCheck(key, label, False, str(error))


def _token_of(connection: Connection, app: App) -> Callable[[], str]:
    def work() -> str:
        Client(connections.credentials(connection, app)).fresh_token()
        return gettext("WeCom accepts company id and secret.")

    return work


def _counted(client: Client, path: str, part: str) -> Callable[[], str]:
    def work() -> str:
        count = len(client.get(path).get(part) or ())
        if not count:
            raise BadInput("wecom.nobody", _("WeCom shows none. Check the application's visible range."))
        return gettext("%(count)s visible") % {"count": count}

    return work


def _callback(connection: Connection) -> foundation.SetupCheck:
    label = _("Callbacks")
    if connection.last_callback_at is not None:
        return foundation.SetupCheck("callback", label, True, _when(connection.last_callback_at))
    return foundation.SetupCheck(
        "callback",
        label,
        None,
        _("None has come yet. Enter the callback address in the application under Receive messages."),
    )
