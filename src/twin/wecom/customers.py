"""Customers and the members they follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.state import App, Follow, Json, Person
from twin.wecom.contacts import visible_member, visible_members
from twin.wecom.errors import WecomError
from twin.wecom.pages import page_limit, read_cursor, write_cursor
from twin.wecom.registry import Call, Param, Right, endpoint

if TYPE_CHECKING:
    from twin.world import World

USERID = Param("userid", required=True, missing=40003)
EXTERNAL = Param("external_userid", required=True, missing=41035, wrong=40096)


def known_person(world: World, external_userid: str) -> Person:
    """The person behind an id of this company; 40096 otherwise."""
    person = world.person_of(external_userid)
    if person is None:
        raise WecomError(40096)
    return person


def live_follow(world: World, app: App, userid: str, external_userid: str) -> Follow:
    """The relation of a visible member and a customer; 84061 when there is none."""
    visible_member(world, app, userid)
    known_person(world, external_userid)
    follow = world.follow(userid, external_userid)
    if follow is None or not follow.listed:
        raise WecomError(84061)
    return follow


@endpoint(
    "externalcontact/get_follow_user_list", Right.CUSTOMER, method="GET",
    empty={"follow_user": []}, document=92571,
)  # fmt: skip
def follow_user_list(call: Call) -> Json:
    """Members who may have customers."""
    members = visible_members(call.world, call.app)
    return {"follow_user": [member.userid for member in members]}


@endpoint(
    "externalcontact/list", Right.CUSTOMER, Param("userid", required=True, missing=60111),
    method="GET", empty={"external_userid": []}, document=92113,
)  # fmt: skip
def customer_list(call: Call) -> Json:
    """All customers of a member."""
    member = visible_member(call.world, call.app, call.text("userid"))
    follows = call.world.follows_of_member(member.userid)
    found = [follow.external_userid for follow in follows if follow.listed]
    if not found:
        raise WecomError(84061)
    return {"external_userid": found}


def _contact(call: Call, person: Person) -> Json:
    contact: Json = {
        "external_userid": person.external_userid,
        "name": person.name,
        "type": 1,
        "avatar": "",
        "gender": person.gender,
    }
    if call.world.state.settings.developer_bound:
        contact["unionid"] = person.unionid
    return contact


def _tags(world: World, follow: Follow) -> list[Json]:
    state = world.state
    found: list[Json] = []
    for tag_id in follow.tag_ids:
        tag = state.tags[tag_id]
        if not tag.deleted:
            group = state.tag_groups[tag.group_id]
            found.append({"group_name": group.name, "tag_name": tag.name, "tag_id": tag.id, "type": 1})
    own = [{"group_name": "", "tag_name": name, "type": 2} for name in follow.own_tags]
    return found + own


def _follow_fields(follow: Follow) -> Json:
    fields: Json = {
        "userid": follow.userid,
        "remark": follow.remark,
        "description": follow.description,
        "createtime": follow.createtime,
        "remark_corp_name": follow.remark_corp_name,
        "remark_mobiles": follow.remark_mobiles,
        "oper_userid": follow.oper_userid,
        "add_way": follow.add_way,
    }
    if follow.state:
        fields["state"] = follow.state
    return fields


@endpoint(
    "externalcontact/get", Right.CUSTOMER, EXTERNAL, Param("cursor"), method="GET",
    empty={"external_contact": {}, "follow_user": []}, document=92114,
)  # fmt: skip
def customer_get(call: Call) -> Json:
    """One customer with all members who follow them."""
    world = call.world
    person = known_person(world, call.text("external_userid"))
    follows = [item for item in world.follows_of_customer(person.external_userid) if item.listed]
    if not follows:
        raise WecomError(84061)
    visible = {member.userid for member in visible_members(world, call.app)}
    follows = [item for item in follows if item.userid in visible]
    if not follows:
        raise WecomError(84084, "not a following user in the app's visible range")
    start = read_cursor(call, len(follows))
    answer: Json = {
        "external_contact": _contact(call, person),
        "follow_user": [
            {**_follow_fields(item), "tags": _tags(world, item)} for item in follows[start : start + 500]
        ],
    }
    if start + 500 < len(follows):
        answer["next_cursor"] = write_cursor(call, start + 500, len(follows))
    return answer


@endpoint(
    "externalcontact/batch/get_by_user",
    Right.CUSTOMER,
    Param("userid_list", list, required=True, missing=40031, wrong=40032, most=100),
    Param("cursor"),
    Param("limit", int),
    empty={"external_contact_list": [], "next_cursor": ""},
    document=92994,
)
def customers_of_members(call: Call) -> Json:
    """Customers of up to 100 members, paged; a larger limit is cut to 100."""
    world = call.world
    follows: list[Follow] = []
    for userid in sorted(set(call.texts("userid_list"))):
        member = visible_member(world, call.app, userid)
        follows += [item for item in world.follows_of_member(member.userid) if item.listed]
    if not follows:
        raise WecomError(84061)
    start = read_cursor(call, len(follows))
    limit = page_limit(call, 50, 100, cut=True)
    entries = []
    for follow in follows[start : start + limit]:
        tag_ids = [key for key in follow.tag_ids if not world.state.tags[key].deleted]
        entries.append(
            {
                "external_contact": _contact(call, known_person(world, follow.external_userid)),
                "follow_info": {**_follow_fields(follow), "tag_id": tag_ids},
            }
        )
    return {
        "external_contact_list": entries,
        "next_cursor": write_cursor(call, start + limit, len(follows)),
        "fail_info": {"unlicensed_userid_list": []},
    }


@endpoint(
    "externalcontact/remark",
    Right.CUSTOMER,
    USERID,
    EXTERNAL,
    Param("remark", longest=20),
    Param("description", longest=150),
    Param("remark_company", longest=20),
    Param("remark_mobiles", list),
    Param("remark_pic_mediaid"),
    document=92115,
)
def customer_remark(call: Call) -> Json:
    """Change what a member notes of a customer; at least one field."""
    follow = live_follow(call.world, call.app, call.text("userid"), call.text("external_userid"))
    fields = {"remark", "description", "remark_company", "remark_mobiles", "remark_pic_mediaid"}
    if not fields & call.args.keys():
        raise WecomError(40063)
    follow.remark = call.text("remark", follow.remark)
    follow.description = call.text("description", follow.description)
    follow.remark_corp_name = call.text("remark_company", follow.remark_corp_name)
    if "remark_mobiles" in call.args:
        follow.remark_mobiles = [phone for phone in call.texts("remark_mobiles") if phone]
    return {}
