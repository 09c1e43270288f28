"""The one welcome message after a customer was added."""

from __future__ import annotations

from twin.state import Json, WelcomeCode
from twin.wecom.content import content_of
from twin.wecom.errors import WecomError
from twin.wecom.registry import Call, Param, Right, endpoint


def _usable(call: Call) -> WelcomeCode:
    """The code, if it may be used now."""
    settings = call.world.state.settings
    code = call.world.state.welcome_codes.get(call.text("welcome_code"))
    if code is None:
        raise WecomError(41050)
    if code.used_at:
        if call.now - code.used_at < settings.welcome_distributing_seconds:
            raise WecomError(41096)
        raise WecomError(41051)
    if call.now > code.expires_at:
        raise WecomError(41050)
    if code.chatted:
        raise WecomError(41051)
    return code


@endpoint(
    "externalcontact/send_welcome_msg",
    Right.CUSTOMER,
    Param("welcome_code", required=True, missing=41049),
    Param("text", dict),
    Param("attachments", list),
    document=92137,
)
def send_welcome_msg(call: Call) -> Json:
    """Send the welcome: once, within 20 seconds of the event."""
    world = call.world
    code = _usable(call)
    text, attachments = content_of(call)
    code.used_at = call.now
    world.say("welcome", code.userid, code.external_userid, text, at=call.at,
              attachments=attachments, source=code.code)  # fmt: skip
    follow = world.follow(code.userid, code.external_userid)
    if follow is not None and follow.half:
        follow.half_welcomed = True
    person = world.person_of(code.external_userid)
    world.record(
        "welcomes", at=call.at, code=code.code, person=person.id if person else "",
        userid=code.userid, external_userid=code.external_userid, app=call.app.key, text=text,
        seconds_left=round(code.expires_at - call.now, 1),
    )  # fmt: skip
    return {}
