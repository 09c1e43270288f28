"""Signed links to a customer's own page; made by staff pages, opened by the portal."""

from __future__ import annotations

from datetime import timedelta

from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput

_PURPOSE = "member-page"
LIFE = timedelta(days=30)


def member_link(customer_id: int) -> str:
    """The path of a customer's page; good for thirty days of wall time."""
    return f"/m/{foundation.sign(customer_id, _PURPOSE)}/"


def customer_of(token: str) -> int:
    """Whose page a link opens; BadInput("link.invalid" | "link.expired") when altered or too old."""
    value = foundation.unsign(token, _PURPOSE, LIFE)
    if not isinstance(value, int):
        raise BadInput("link.invalid")
    return value
