"""「联系我」 codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.state import App, ContactWay, Json
from twin.wecom.contacts import visible_departments, visible_member
from twin.wecom.errors import WecomError
from twin.wecom.pages import page_limit, read_cursor, write_cursor
from twin.wecom.registry import Call, Param, Right, endpoint

if TYPE_CHECKING:
    from twin.world import World

DAY = 86_400
MOST_MEMBERS = 100
CONFIG_ID = Param("config_id", required=True, missing=41043, wrong=41044)
CHANGEABLE = (
    Param("style", int, wrong=41042),
    Param("remark", longest=30),
    Param("skip_verify", bool),
    Param("state", longest=30),
    Param("user", list),
    Param("party", list),
    Param("expires_in", int),
    Param("chat_expires_in", int),
    Param("unionid"),
    Param("conclusions", dict),
    Param("mark_source", bool),
)


def members_of(world: World, way: ContactWay) -> list[str]:
    """Active members a code leads to, departments expanded."""
    wanted = list(dict.fromkeys(way.user))
    departments: set[int] = set()
    for department_id in way.party:
        departments |= world.department_and_below(department_id)
    wanted += [item.userid for item in world.active_members() if item.department in departments]
    active = {member.userid for member in world.active_members()}
    return [userid for userid in dict.fromkeys(wanted) if userid in active]


def usable(way: ContactWay, now: float) -> bool:
    """Whether a scan of the code still works."""
    return not way.deleted and not (way.is_temp and way.expires_at <= now)


def _check_people(call: Call, app: App, way: ContactWay) -> None:
    for userid in way.user:
        if visible_member(call.world, app, userid).status != 1:
            raise WecomError(41054)
    allowed = visible_departments(call.world, app)
    if any(department_id not in allowed for department_id in way.party):
        raise WecomError(60123)
    if way.type == 1 and (len(way.user) != 1 or way.party):
        raise WecomError(40058, "type 1 needs exactly one user")
    if not way.user and not way.party:
        raise WecomError(40063)
    if len(members_of(call.world, way)) > MOST_MEMBERS:
        raise WecomError(41041)


def _check_conclusions(conclusions: dict[str, Any]) -> None:
    text = (conclusions.get("text") or {}).get("content", "")
    if len(str(text).encode()) > 4000:
        raise WecomError(40058, "conclusions.text exceed max length 4000")
    link = conclusions.get("link") or {}
    for name, most in (("title", 128), ("desc", 512)):
        if len(str(link.get(name, "")).encode()) > most:
            raise WecomError(40058, f"conclusions.link.{name} exceed max length {most}")
    title = str((conclusions.get("miniprogram") or {}).get("title", ""))
    if len(title.encode()) > 64:
        raise WecomError(40058, "conclusions.miniprogram.title exceed max length 64")


def _apply(call: Call, way: ContactWay) -> None:
    """Set the changeable fields that the call carries."""
    way.style = call.number("style", way.style)
    if way.style not in (1, 2, 3):
        raise WecomError(41042)
    way.remark = call.text("remark", way.remark)
    way.skip_verify = call.flag("skip_verify", way.skip_verify)
    way.state = call.text("state", way.state)
    way.mark_source = call.flag("mark_source", way.mark_source)
    if call.args.get("user") is not None:
        way.user = call.texts("user")
    if call.args.get("party") is not None:
        way.party = [int(item) for item in call.texts("party") if item.isdigit()]
    if call.args.get("conclusions") is not None:
        way.conclusions = dict(call.args["conclusions"])
    if way.is_temp and call.args.get("expires_in"):
        way.expires_at = call.at + min(call.number("expires_in"), 14 * DAY)
    _check_conclusions(way.conclusions)
    _check_people(call, call.app, way)


def qr_url(call: Call, way: ContactWay) -> str:
    """Where the code leads; empty for mini-program buttons."""
    return f"{call.request.base}/qr/{way.config_id}" if way.scene == 2 else ""


def _find(call: Call) -> ContactWay:
    way = call.world.state.contact_ways.get(call.text("config_id"))
    if way is None or way.deleted:
        raise WecomError(41044)
    return way


@endpoint(
    "externalcontact/add_contact_way",
    Right.CUSTOMER,
    Param("type", int, required=True, missing=41037, wrong=41039),
    Param("scene", int, required=True, missing=41038, wrong=41040),
    Param("is_temp", bool),
    Param("is_exclusive", bool),
    *CHANGEABLE,
    empty={"config_id": ""},
    document=92228,
)
def add_contact_way(call: Call) -> Json:
    """Make a code for one member or several."""
    state = call.world.state
    if call.number("type") not in (1, 2):
        raise WecomError(41039)
    if call.number("scene") not in (1, 2):
        raise WecomError(41040)
    alive = sum(not way.deleted for way in state.contact_ways.values())
    if alive >= state.settings.contact_way_limit:
        raise WecomError(41045)
    way = ContactWay(
        config_id="",
        app=call.app.key,
        created_at=call.at,
        type=call.number("type"),
        scene=call.number("scene"),
        is_temp=call.flag("is_temp"),
        expires_at=call.at + 7 * DAY,
        is_exclusive=call.flag("is_exclusive"),
    )
    _apply(call, way)
    way.config_id = call.world.new_id("contact-way")
    state.contact_ways[way.config_id] = way
    answer = {"config_id": way.config_id}
    return {**answer, "qr_code": qr_url(call, way)} if way.scene == 2 else answer


@endpoint(
    "externalcontact/get_contact_way", Right.CUSTOMER, CONFIG_ID, empty={"contact_way": {}},
    document=92228,
)  # fmt: skip
def get_contact_way(call: Call) -> Json:
    """All of one code."""
    way = _find(call)
    fields: Json = {
        "config_id": way.config_id,
        "type": way.type,
        "scene": way.scene,
        "style": way.style,
        "remark": way.remark,
        "skip_verify": way.skip_verify,
        "state": way.state,
        "qr_code": qr_url(call, way),
        "user": way.user,
        "party": way.party,
        "is_temp": way.is_temp,
        "is_exclusive": way.is_exclusive,
        "mark_source": way.mark_source,
        "conclusions": way.conclusions,
    }
    return {"contact_way": fields}


@endpoint(
    "externalcontact/list_contact_way",
    Right.CUSTOMER,
    Param("start_time", int),
    Param("end_time", int),
    Param("cursor"),
    Param("limit", int),
    empty={"contact_way": [], "next_cursor": ""},
    document=92228,
)
def list_contact_way(call: Call) -> Json:
    """Codes made in a span of time, temporary ones never."""
    end = call.number("end_time", call.at)
    start = call.number("start_time", end - 90 * DAY)
    if start > end:
        raise WecomError(600018)
    found = [
        {"config_id": way.config_id}
        for way in call.world.state.contact_ways.values()
        if not way.deleted and not way.is_temp and start <= way.created_at <= end
    ]
    limit = page_limit(call, 100, 1000)
    first = read_cursor(call, len(found))
    return {
        "contact_way": found[first : first + limit],
        "next_cursor": write_cursor(call, first + limit, len(found)),
    }


@endpoint("externalcontact/update_contact_way", Right.CUSTOMER, CONFIG_ID, *CHANGEABLE, document=92228)
def update_contact_way(call: Call) -> Json:
    """Replace a code's configuration; type and scene stay.

    The whole configuration is overwritten, as integrators report: members, departments and
    conclusions that are not sent are gone, unless none of the people fields is sent.
    """
    way = _find(call)
    draft = ContactWay(
        config_id=way.config_id, app=way.app, created_at=way.created_at, type=way.type,
        scene=way.scene, style=way.style, skip_verify=way.skip_verify, is_temp=way.is_temp,
        expires_at=way.expires_at, is_exclusive=way.is_exclusive, mark_source=way.mark_source,
    )  # fmt: skip
    if call.args.get("user") is None and call.args.get("party") is None:
        draft.user, draft.party = list(way.user), list(way.party)
    _apply(call, draft)
    call.world.state.contact_ways[way.config_id] = draft
    return {}


@endpoint("externalcontact/del_contact_way", Right.CUSTOMER, CONFIG_ID, document=92228)
def del_contact_way(call: Call) -> Json:
    """Delete a code; scans of it fail from now on."""
    _find(call).deleted = True
    return {}
