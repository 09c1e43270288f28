"""Pages of long answers: opaque cursors bound to their endpoint."""

from __future__ import annotations

from twin.wecom.errors import WecomError
from twin.wecom.registry import Call


def page_limit(call: Call, default: int, most: int, *, cut: bool = False) -> int:
    """The wanted page size; above `most` it is refused, or cut where the real server cuts."""
    limit = call.number("limit", default)
    if limit < 1 or (limit > most and not cut):
        raise WecomError(40058, "limit invalid")
    return min(limit, most)


def read_cursor(call: Call, total: int) -> int:
    """Where a page starts; cursors are opaque to callers and bound to their endpoint."""
    cursor = call.text("cursor")
    if not cursor:
        return 0
    kind, _, number = bytes.fromhex(cursor).decode().partition(":") if _hex(cursor) else ("", "", "")
    if kind != call.request.path or not number.isdigit() or int(number) > total:
        raise WecomError(40058, "cursor invalid")
    return int(number)


def write_cursor(call: Call, position: int, total: int) -> str:
    """The cursor of the next page, empty at the end."""
    return f"{call.request.path}:{position}".encode().hex() if position < total else ""


def _hex(text: str) -> bool:
    return len(text) % 2 == 0 and all(letter in "0123456789abcdef" for letter in text)
