"""Uploads. Contents are measured and forgotten; only ids and sizes are kept."""

from __future__ import annotations

from twin.rng import ALNUM
from twin.state import Json, Media
from twin.wecom.errors import WecomError
from twin.wecom.registry import Call, Param, Right, endpoint

DAY = 86_400
MEGABYTE = 1_000_000
MOST = {
    "image": (10 * MEGABYTE, (".jpg", ".jpeg", ".png")),
    "voice": (2 * MEGABYTE, (".amr",)),
    "video": (10 * MEGABYTE, (".mp4",)),
    "file": (20 * MEGABYTE, ()),
}
LEAST = 5
IMAGES_A_DAY = 1_000
IMAGES_A_MONTH = 3_000


def _file(call: Call) -> tuple[str, bytes]:
    name, content = call.args["file"]
    if len(content) <= LEAST:
        raise WecomError(44001)
    return str(name), bytes(content)


@endpoint(
    "media/upload", Right.ANY, Param("type", required=True, missing=40004, wrong=40004),
    empty={"type": "", "media_id": "", "created_at": ""}, multipart=True, document=90253,
)  # fmt: skip
def upload(call: Call) -> Json:
    """A temporary file for three days, for all applications of the company."""
    kind = call.text("type")
    if kind not in MOST:
        raise WecomError(40004)
    name, content = _file(call)
    most, endings = MOST[kind]
    if len(content) > most:
        raise WecomError(45001)
    if endings and not name.lower().endswith(endings):
        raise WecomError(40004)
    media_id = call.world.new_id("media", "3", length=64, alphabet=ALNUM + "-_")
    call.world.state.media[media_id] = Media(media_id, kind, name, len(content), call.at)
    return {"type": kind, "media_id": media_id, "created_at": str(call.at)}


@endpoint("media/uploadimg", Right.ANY, empty={"url": ""}, multipart=True, document=90256)
def upload_image(call: Call) -> Json:
    """A permanent picture, counted per day and month."""
    name, content = _file(call)
    if len(content) > 2 * MEGABYTE:
        raise WecomError(40009)
    if not name.lower().endswith(MOST["image"][1]):
        raise WecomError(40004)
    permanent = [media for media in call.world.state.media.values() if media.url]
    for span, most in ((DAY, IMAGES_A_DAY), (30 * DAY, IMAGES_A_MONTH)):
        if sum(media.created_at > call.at - span for media in permanent) >= most:
            raise WecomError(45009)
    media_id = call.world.new_id("image", length=32)
    path = f"/media/{media_id}"
    call.world.state.media[media_id] = Media(media_id, "image", name, len(content), call.at, path)
    return {"url": call.request.base + path}
