"""Departments and members as an application sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.state import App, Department, Json, Member
from twin.wecom.errors import WecomError
from twin.wecom.pages import read_cursor, write_cursor
from twin.wecom.registry import Call, Param, Right, endpoint

if TYPE_CHECKING:
    from twin.world import World


def visible_departments(world: World, app: App) -> set[int]:
    """Departments within an application's visible range."""
    found: set[int] = set()
    for department_id in app.visible:
        found |= world.department_and_below(department_id)
    return found


def visible_member(world: World, app: App, userid: str) -> Member:
    """A member the application may see; refuses unknown and invisible ones."""
    member = world.state.members.get(userid)
    if member is None or member.status == 5:
        raise WecomError(60111 if member is None else 40003)
    if member.department not in visible_departments(world, app):
        raise WecomError(60021)
    return member


def visible_members(world: World, app: App) -> list[Member]:
    """All active members within an application's visible range."""
    departments = visible_departments(world, app)
    return [member for member in world.active_members() if member.department in departments]


def _department(item: Department) -> Json:
    return {
        "id": item.id,
        "name": item.name,
        "name_en": "",
        "department_leader": [],
        "parentid": item.parentid,
        "order": item.order,
    }


def _wanted(call: Call) -> list[Department]:
    state = call.world.state
    visible = visible_departments(call.world, call.app)
    wanted = visible
    if call.args.get("id"):
        root = call.number("id")
        if str(root) not in state.departments:
            raise WecomError(60123)
        wanted = call.world.department_and_below(root) & visible
        if not wanted:
            raise WecomError(60011)
    return [item for item in state.departments.values() if item.id in wanted]


@endpoint("department/list", Right.CONTACTS, method="GET", empty={"department": []}, document=90208)
def department_list(call: Call) -> Json:
    """A department and everything below it (all that is visible without `id`)."""
    found = []
    for item in _wanted(call):
        leaders = [
            member.userid
            for member in call.world.active_members()
            if member.department == item.id and member.role != "clerk"
        ]
        found.append({**_department(item), "department_leader": leaders})
    return {"department": found}


@endpoint(
    "department/simplelist", Right.CONTACTS, method="GET", empty={"department_id": []},
    document=95350,
)  # fmt: skip
def department_simple_list(call: Call) -> Json:
    """Ids of departments only."""
    return {
        "department_id": [
            {"id": item.id, "parentid": item.parentid, "order": item.order} for item in _wanted(call)
        ]
    }


@endpoint(
    "department/get", Right.CONTACTS, Param("id", int, required=True), method="GET",
    empty={"department": {}}, document=95351,
)  # fmt: skip
def department_get(call: Call) -> Json:
    """One department."""
    item = call.world.state.departments.get(call.text("id"))
    if item is None:
        raise WecomError(60003)
    if item.id not in visible_departments(call.world, call.app):
        raise WecomError(60011)
    return {"department": _department(item)}


def _member(member: Member) -> Json:
    """What an application made after 2022-06 is told: no avatar, gender, phone or address."""
    return {
        "userid": member.userid,
        "name": member.name,
        "department": [member.department],
        "order": [0],
        "position": member.position,
        "is_leader_in_dept": [0 if member.role == "clerk" else 1],
        "direct_leader": [],
        "main_department": member.department,
        "status": member.status,
        "enable": 1,
        "isleader": 0 if member.role == "clerk" else 1,
        "extattr": {"attrs": []},
        "hide_mobile": 0,
        "telephone": "",
        "alias": "",
    }


def _in_department(call: Call) -> list[Member]:
    department_id = call.number("department_id")
    if str(department_id) not in call.world.state.departments:
        raise WecomError(60123)
    wanted = {department_id}
    if call.text("fetch_child") == "1":
        wanted = call.world.department_and_below(department_id)
    wanted &= visible_departments(call.world, call.app)
    if not wanted:
        raise WecomError(60011)
    return [member for member in call.world.active_members() if member.department in wanted]


@endpoint(
    "user/list", Right.CONTACTS, Param("department_id", int, required=True), method="GET",
    empty={"userlist": []}, document=90201,
)  # fmt: skip
def user_list(call: Call) -> Json:
    """Members of a department with their details."""
    return {"userlist": [_member(member) for member in _in_department(call)]}


@endpoint(
    "user/simplelist", Right.CONTACTS, Param("department_id", int, required=True), method="GET",
    empty={"userlist": []}, document=90200,
)  # fmt: skip
def user_simple_list(call: Call) -> Json:
    """Members of a department, short."""
    return {
        "userlist": [
            {
                "userid": member.userid,
                "name": member.name,
                "department": [member.department],
                "open_userid": "",
            }
            for member in _in_department(call)
        ]
    }


@endpoint(
    "user/get", Right.CONTACTS, Param("userid", required=True, missing=41009), method="GET",
    document=90196,
)  # fmt: skip
def user_get(call: Call) -> Json:
    """One member."""
    return _member(visible_member(call.world, call.app, call.text("userid")))


@endpoint(
    "user/list_id", Right.CONTACTS_SYNC, Param("cursor"), Param("limit", int),
    empty={"next_cursor": "", "dept_user": []}, document=96067,
)  # fmt: skip
def user_list_id(call: Call) -> Json:
    """Pairs of member and department; only for the directory secret."""
    limit = call.number("limit", 10_000)
    if not 1 <= limit <= 10_000:
        raise WecomError(40058, "limit invalid")
    members = sorted(call.world.active_members(), key=lambda member: member.userid)
    start = read_cursor(call, len(members))
    page = members[start : start + limit]
    return {
        "next_cursor": write_cursor(call, start + limit, len(members)),
        "dept_user": [{"userid": item.userid, "department": item.department} for item in page],
    }
