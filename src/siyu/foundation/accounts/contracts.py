"""Roles and the principal: who acts, in which role, within which opaque scopes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Role(StrEnum):
    """What kind of work an account does; decides which rooms it may enter."""

    OWNER = "owner"
    LEAD = "lead"
    REGION_MANAGER = "region_manager"
    STORE_MANAGER = "store_manager"
    CLERK = "clerk"
    OPERATOR = "operator"
    SERVICE = "service"
    ANALYST = "analyst"
    COMPLIANCE = "compliance"
    ADMIN = "admin"


ROLE_LABELS: dict[Role, Promise] = {
    Role.OWNER: _("Owner"),
    Role.LEAD: _("Lead"),
    Role.REGION_MANAGER: _("Region manager"),
    Role.STORE_MANAGER: _("Store manager"),
    Role.CLERK: _("Clerk"),
    Role.OPERATOR: _("Operator"),
    Role.SERVICE: _("Service staff"),
    Role.ANALYST: _("Analyst"),
    Role.COMPLIANCE: _("Compliance"),
    Role.ADMIN: _("Administrator"),
}

SCOPE_ALL = "all"


@dataclass(frozen=True)
class Principal:
    """Who acts: a signed-in account, an API key, or the system itself (both ids None)."""

    role: Role
    display_name: str
    scopes: tuple[str, ...] = ()
    user_id: int | None = None
    key_id: int | None = None
    language: str = "zh-hans"

    @property
    def is_system(self) -> bool:
        """True for work that no person asked for."""
        return self.user_id is None and self.key_id is None


SYSTEM = Principal(role=Role.ADMIN, display_name="system", scopes=(SCOPE_ALL,))


@dataclass(frozen=True)
class AccountView:
    """An account as lists show it."""

    id: int
    username: str
    display_name: str
    role: Role
    scopes: tuple[str, ...]
    active: bool
    last_login: datetime | None


@dataclass(frozen=True)
class ApiKeyView:
    """An API key as lists show it; the key itself is shown once, when made."""

    id: int
    name: str
    prefix: str
    role: Role
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None
