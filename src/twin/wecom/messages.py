"""Application messages to members."""

from __future__ import annotations

from twin.state import Json
from twin.wecom.contacts import visible_departments, visible_members
from twin.wecom.errors import WecomError
from twin.wecom.registry import Call, Param, Right, endpoint

TEXT_OCTETS = 2048
LONGEST_CHECK = 4 * 3600
KINDS = {
    "text", "image", "voice", "video", "file", "textcard", "news", "mpnews", "markdown",
    "miniprogram_notice", "template_card",
}  # fmt: skip


def _split(call: Call, name: str, most: int) -> list[str]:
    items = [item for item in call.text(name).split("|") if item]
    if len(items) > most:
        raise WecomError(40032, f"{name} exceed max size {most}")
    return items


@endpoint(
    "message/send",
    Right.MESSAGE,
    Param("touser"),
    Param("toparty"),
    Param("totag"),
    Param("msgtype", required=True, missing=40063),
    Param("agentid", int, required=True, missing=41011, wrong=40056),
    empty={"invaliduser": "", "invalidparty": "", "invalidtag": "", "msgid": ""},
    document=90236,
)
def message_send(call: Call) -> Json:
    """Tell members something; 81013 when nobody of those named can be reached."""
    world = call.world
    if call.number("agentid") != call.app.agentid:
        raise WecomError(40056)
    kind = call.text("msgtype")
    if kind not in KINDS:
        raise WecomError(40058, "msgtype invalid")
    part = call.args.get(kind)
    if not isinstance(part, dict):
        raise WecomError(44004)
    text = str(part.get("content") or part.get("description") or part.get("title") or "")
    if kind in ("text", "markdown") and not text:
        raise WecomError(44004)
    if len(text.encode()) > TEXT_OCTETS:
        text = text.encode()[:TEXT_OCTETS].decode(errors="ignore")
    users = _split(call, "touser", 1000)
    parties = _split(call, "toparty", 100)
    members = visible_members(world, call.app)
    reachable = {member.userid for member in members}
    departments = {str(item) for item in visible_departments(world, call.app)}
    invalid_users = [] if users == ["@all"] else [u for u in users if u not in reachable]
    invalid_parties = [item for item in parties if item not in departments]
    wanted: set[int] = set()
    for item in parties:
        if item in departments:
            wanted |= world.department_and_below(int(item))
    receivers = [
        member.userid
        for member in members
        if users == ["@all"] or member.userid in users or member.department in wanted
    ]
    if not receivers:
        raise WecomError(81013, invaliduser="|".join(users), invalidparty="|".join(parties))
    msgid = world.new_id("app-message", length=32)
    for userid in _not_told_yet(call, receivers, text, part):
        world.say("app", userid, "", text, at=call.at, attachments=[part], source=msgid)
    world.record("app_messages", at=call.at, msgid=msgid, receivers=len(receivers))
    return {
        "invaliduser": "|".join(invalid_users),
        "invalidparty": "|".join(invalid_parties),
        "invalidtag": "",
        "unlicenseduser": "",
        "msgid": msgid,
    }


def _not_told_yet(call: Call, receivers: list[str], text: str, part: Json) -> list[str]:
    """With enable_duplicate_check, the same message reaches a member once within the interval."""
    if not call.number("enable_duplicate_check"):
        return receivers
    interval = min(call.number("duplicate_check_interval", 1800), LONGEST_CHECK)
    told = {
        message.userid
        for message in call.world.state.messages
        if message.kind == "app"
        and message.at > call.at - interval
        and (message.text, message.attachments) == (text, [part])
    }
    return [userid for userid in receivers if userid not in told]
