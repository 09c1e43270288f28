"""Keys and roles of the public API."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.security import HttpBearer

from siyu.foundation import api as foundation
from siyu.foundation.api import Principal, Role
from siyu.kit.errors import Denied

READERS = frozenset(Role) - {Role.CLERK}
WRITERS = frozenset({Role.OWNER, Role.LEAD, Role.OPERATOR, Role.ADMIN})


class ApiKey(HttpBearer):
    """``Authorization: Bearer siyu_…``; the key's role must be one of ``roles``.

    Raises Denied (403) for a key whose role may not use the route; an unknown key is 401.
    """

    openapi_name = "ApiKey"

    def __init__(self, roles: frozenset[Role]) -> None:
        super().__init__()
        self.roles = roles

    def authenticate(self, request: HttpRequest, token: str) -> Principal | None:
        """The key's principal, or None."""
        principal = foundation.authenticate_key(token)
        if principal is not None and principal.role not in self.roles:
            raise Denied("api.role", _("This key's role may not do this."))
        return principal


def principal_of(request: HttpRequest) -> Principal:
    """Who authenticated; only for routes that have ``auth``."""
    principal: Principal = request.auth  # type: ignore[attr-defined]  # set by ninja
    return principal
