"""Checks of text and attachments, shared by welcome and mass messages."""

from __future__ import annotations

from twin.state import Json
from twin.wecom.errors import WecomError
from twin.wecom.registry import Call

MOST_ATTACHMENTS = 9
TEXT_OCTETS = 4000
KINDS = ("image", "link", "miniprogram", "video", "file")
LONGEST = {
    "link": (("title", 128), ("picurl", 2048), ("desc", 512), ("url", 2048)),
    "miniprogram": (("title", 64),),
}
NEEDED = {"link": ("title", "url"), "miniprogram": ("title", "pic_media_id", "appid", "page")}


def content_of(call: Call) -> tuple[str, list[Json]]:
    """Text and attachments of a message, checked; at least one of them."""
    holder = call.args.get("text") or {}
    if not isinstance(holder, dict):
        raise WecomError(40058, "text invalid")
    text = str(holder.get("content") or "")
    if len(text.encode()) > TEXT_OCTETS:
        raise WecomError(40058, f"text.content exceed max length {TEXT_OCTETS}")
    attachments = call.args.get("attachments") or []
    if not isinstance(attachments, list):
        raise WecomError(40058, "attachments invalid")
    if len(attachments) > MOST_ATTACHMENTS:
        raise WecomError(41064)
    for item in attachments:
        _check(call, item)
    if not text and not attachments:
        raise WecomError(41089)
    return text, attachments


def _check(call: Call, item: object) -> None:
    if not isinstance(item, dict) or not item:
        raise WecomError(41088)
    kind = item.get("msgtype")
    if kind not in KINDS:
        raise WecomError(41065)
    part = item.get(kind)
    if not isinstance(part, dict):
        raise WecomError(41065)
    for name, most in LONGEST.get(kind, ()):
        if len(str(part.get(name) or "").encode()) > most:
            raise WecomError(40058, f"{kind}.{name} exceed max length {most}")
    if any(not part.get(name) for name in NEEDED.get(kind, ())):
        raise WecomError(40063)
    _check_media(call, kind, part)


def _check_media(call: Call, kind: str, part: Json) -> None:
    state = call.world.state
    key = "pic_media_id" if kind == "miniprogram" else "media_id"
    media_id = str(part.get(key) or "")
    if media_id:
        media = state.media.get(media_id)
        if media is None or media.created_at + 3 * 86_400 < call.at:
            raise WecomError(40007)
    elif kind == "image":
        url = str(part.get("pic_url") or "")
        if not any(media.url and url.endswith(media.url) for media in state.media.values()):
            raise WecomError(40007)
    elif kind in ("video", "file"):
        raise WecomError(41006)
