"""Scanning, accepting, leaving, and what clerks note by hand: all of it fires callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.callbacks.xml import Field
from twin.company.people import make_person
from twin.life.errors import NotPossible
from twin.rng import ALNUM, rng
from twin.state import ContactWay, Follow, Json, Person, WelcomeCode
from twin.wecom.contact_ways import members_of, usable

if TYPE_CHECKING:
    from twin.world import World

CUSTOMER_EVENT = "change_external_contact"


def find_way(world: World, key: str) -> ContactWay:
    """A working code by its config_id, its state or the address in the picture."""
    ways = world.state.contact_ways
    way = ways.get(key) or ways.get(key.rstrip("/").rpartition("/")[2])
    if way is None:
        matching = [item for item in ways.values() if key and item.state == key]
        alive = [item for item in matching if usable(item, world.now())]
        way = next(iter(alive or matching), None)
    if way is None:
        raise NotPossible("unknown_code", "没有这个活码")
    if not usable(way, world.now()):
        raise NotPossible("dead_code", "这个活码已失效")
    return way


def new_person(world: World, person_id: str, *, kind: str, at: int, name: str = "", phone: str = ""
               ) -> Person:  # fmt: skip
    """A new inhabitant."""
    state = world.state
    person = make_person(state.seed, state.corpid, person_id, kind=kind, at=at, name=name, phone=phone)
    return world.add_person(person)


def _member_for(world: World, way: ContactWay, person: Person) -> str:
    """The member whom a scan leads to."""
    members = members_of(world, way)
    if not members:
        raise NotPossible("no_member", "这个活码没有可添加的成员")
    if way.is_exclusive:
        for follow in world.follows_of_customer(person.external_userid):
            if follow.config_id == way.config_id and follow.userid in members:
                return follow.userid
    number = world.sequence(f"scan:{way.config_id}")
    return rng(world.state.seed, "scan", way.config_id, number).choice(members)


def scan(world: World, way: ContactWay, person: Person, *, at: int) -> Json:
    """A person scans a code and adds the member behind it.

    Friends already: the chat opens and nothing else happens. A code that asks for consent makes
    a half relation first.
    """
    userid = _member_for(world, way, person)
    follow = world.follow(userid, person.external_userid)
    outcome = "already_friends"
    if follow is None or not follow.friends:
        if follow is None:
            follow = world.add_follow(Follow(userid, person.external_userid, at))
        waits = not way.skip_verify
        outcome = "half" if waits else "added"
        follow.createtime, follow.add_way = at, 1
        follow.state, follow.config_id = way.state, way.config_id
        follow.oper_userid = person.external_userid
        follow.deleted_by_member = follow.deleted_by_customer = follow.half_welcomed = False
        follow.half = waits
        _announce(world, follow, "add_half_external_contact" if waits else "add_external_contact",
                  at=at)  # fmt: skip
    world.record(
        "scans", at=at, person=person.id, config_id=way.config_id, state=way.state, userid=userid,
        external_userid=person.external_userid, outcome=outcome,
    )  # fmt: skip
    return {
        "person": person.id,
        "external_userid": person.external_userid,
        "userid": userid,
        "outcome": outcome,
    }


def accept(world: World, userid: str, external_userid: str, *, at: int) -> None:
    """A member accepts somebody who scanned a code that asks for consent."""
    follow = world.follow(userid, external_userid)
    if follow is None or not follow.half:
        raise NotPossible("nothing_to_accept", "没有待通过的申请")
    follow.half, follow.createtime = False, at
    _announce(world, follow, "add_external_contact", at=at, welcome=not follow.half_welcomed)


def _announce(world: World, follow: Follow, change: str, *, at: int, welcome: bool = True) -> None:
    """Fire the add event, with a welcome code where one is due."""
    fields: dict[str, Field] = {
        "UserID": follow.userid,
        "ExternalUserID": follow.external_userid,
    }
    if follow.state:
        fields["State"] = follow.state
    settings = world.state.settings
    code = ""
    if welcome and follow.userid not in settings.admin_welcome:
        code = world.new_id("welcome", length=43, alphabet=ALNUM + "-_")
        expires = max(world.now(), at) + settings.welcome_seconds
        world.state.welcome_codes[code] = WelcomeCode(code, follow.userid, follow.external_userid, expires)
        fields["WelcomeCode"] = code
    if change == "add_external_contact":
        world.record(
            "adds", at=at, userid=follow.userid, external_userid=follow.external_userid,
            state=follow.state, welcome_code=code,
        )  # fmt: skip
    world.emit(CUSTOMER_EVENT, change, fields, at)


def _living(world: World, userid: str, external_userid: str) -> Follow:
    follow = world.follow(userid, external_userid)
    if follow is None or not follow.listed:
        raise NotPossible("not_friends", "两人不是好友")
    return follow


def block(world: World, userid: str, external_userid: str, *, at: int) -> None:
    """A customer deletes a member."""
    follow = _living(world, userid, external_userid)
    if follow.deleted_by_customer:
        raise NotPossible("not_friends", "客户已经删除了该成员")
    follow.deleted_by_customer = True
    world.record("blocks", at=at, userid=userid, external_userid=external_userid)
    _emit_pair(world, "del_follow_user", follow, at)


def delete(world: World, userid: str, external_userid: str, *, at: int) -> None:
    """A member deletes a customer."""
    follow = _living(world, userid, external_userid)
    follow.deleted_by_member = True
    world.record("deletes", at=at, userid=userid, external_userid=external_userid)
    _emit_pair(world, "del_external_contact", follow, at)


def remark(world: World, userid: str, external_userid: str, fields: Json, *, at: int) -> None:
    """A member edits the note on a customer in the client."""
    follow = _living(world, userid, external_userid)
    follow.remark = str(fields.get("remark", follow.remark))
    follow.description = str(fields.get("description", follow.description))
    if fields.get("remark_mobiles") is not None:
        follow.remark_mobiles = [str(phone) for phone in fields["remark_mobiles"]]
    world.record(
        "remarks", at=at, userid=userid, external_userid=external_userid, remark=follow.remark,
        mobiles=list(follow.remark_mobiles),
    )  # fmt: skip
    _emit_pair(world, "edit_external_contact", follow, at)


def tag(
    world: World, userid: str, external_userid: str, add: list[str], remove: list[str], *, at: int
) -> None:
    """A member puts corp tags on a customer in the client; tags by id or name."""
    follow = _living(world, userid, external_userid)
    named = {item.name: item.id for item in world.state.tags.values() if not item.deleted}
    ids = [named.get(key, key) for key in add]
    gone = {named.get(key, key) for key in remove}
    if any(key not in world.state.tags or world.state.tags[key].deleted for key in ids):
        raise NotPossible("unknown_tag", "没有这个标签")
    follow.tag_ids = [key for key in dict.fromkeys(follow.tag_ids + ids) if key not in gone]
    world.record(
        "tags", at=at, userid=userid, external_userid=external_userid, added=ids,
        removed=sorted(gone),
    )  # fmt: skip
    _emit_pair(world, "edit_external_contact", follow, at)


def _emit_pair(world: World, change: str, follow: Follow, at: int) -> None:
    fields: dict[str, Field] = {
        "UserID": follow.userid,
        "ExternalUserID": follow.external_userid,
    }
    world.emit(CUSTOMER_EVENT, change, fields, at)


def chat(world: World, userid: str, external_userid: str, text: str, *, at: int) -> None:
    """A customer writes to a member; a welcome is no longer possible then."""
    follow = _living(world, userid, external_userid)
    follow.last_chat_at = at
    for code in world.state.welcome_codes.values():
        if (code.userid, code.external_userid) == (userid, external_userid):
            code.chatted = True
    world.say("chat", userid, external_userid, text, at=at)
