"""One request's reader, scope and business time, worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.http import HttpRequest

from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.kit.errors import Denied
from siyu.records.staff import api as staff

_KEPT = "_siyu_visit"


@dataclass(frozen=True)
class Visit:
    """Who is looking, at what they may look, and when (business time, UTC)."""

    principal: foundation.Principal
    scope: staff.Scope
    at: datetime

    def may(self, *roles: foundation.Role) -> bool:
        """Whether the reader has one of these roles (to show or hide a button; rules do the refusing)."""
        return self.principal.role in roles


def visit(request: HttpRequest) -> Visit:
    """The visit of a signed-in request; every view asks here and passes ``scope`` and ``at`` on."""
    kept = getattr(request, _KEPT, None)
    if kept is None:
        at = clock.business_now()
        principal = foundation.principal_of(request)
        if principal is None:  # the route rule lets nobody in without an account
            raise Denied("stranger")
        kept = Visit(principal, staff.resolve_scope(principal, at=at), at)
        setattr(request, _KEPT, kept)
    return cast(Visit, kept)
