"""Control routes that let a person do something, and lists of what is there."""

from __future__ import annotations

from typing import Any

from twin.clock import iso
from twin.life import console_tags, friends, purchases, staff, tasks
from twin.life.purchases import Item
from twin.state import Json, Person
from twin.web.routes import Ask, Field, route
from twin.wecom.contact_ways import members_of, usable

EXTERNAL = Field("external_userid", "string", "the customer", required=True)
USERID = Field("userid", "string", "the member", required=True)


def _person(ask: Ask, key: str) -> Person:
    person = ask.world.find_person(key)
    if person is None:
        raise KeyError(key)
    return person


def _played(ask: Ask, name: str = "", phone: str = "") -> Person:
    number = ask.world.sequence("played")
    return friends.new_person(ask.world, f"p{number:04d}", kind="played", at=ask.at, name=name, phone=phone)


@route(
    "POST",
    "/twin/scan",
    "A person scans a contact way",
    Field("config_id", "string", "the code by its config_id"),
    Field("state", "string", "the code by its state"),
    Field("qr", "string", "the code by the address in its picture"),
    Field("person", "string", "who: own id, external_userid, unionid or phone; new when absent"),
    Field("name", "string", "name of a new person"),
    Field("phone", "string", "phone of a new person"),
)
def scan(ask: Ask) -> Any:
    """Scan and add; the answer says who was added and how."""
    body = ask.body
    key = body.get("config_id") or body.get("state") or body.get("qr")
    if not key:
        raise ValueError("give config_id, state or qr")
    way = friends.find_way(ask.world, str(key))
    person = (
        _person(ask, body["person"])
        if body.get("person")
        else _played(ask, body.get("name") or "", body.get("phone") or "")
    )
    return {**friends.scan(ask.world, way, person, at=ask.at), "name": person.name}


@route("POST", "/twin/accept", "A member accepts a waiting customer", USERID, EXTERNAL)
def accept(ask: Ask) -> Any:
    """For codes with skip_verify=false."""
    friends.accept(ask.world, ask.body["userid"], ask.body["external_userid"], at=ask.at)
    return {"ok": True}


@route(
    "POST",
    "/twin/confirm",
    "A member confirms a mass task",
    Field("msgid", "string", "the mass message", required=True),
    USERID,
)
def confirm(ask: Ask) -> Any:
    """Send it; counts by outcome."""
    return tasks.confirm(ask.world, ask.body["msgid"], ask.body["userid"], at=ask.at)


@route("POST", "/twin/block", "A customer deletes a member", EXTERNAL, USERID)
def block(ask: Ask) -> Any:
    """Fires del_follow_user."""
    person = _person(ask, ask.body["external_userid"])
    friends.block(ask.world, ask.body["userid"], person.external_userid, at=ask.at)
    return {"ok": True}


@route("POST", "/twin/delete", "A member deletes a customer", EXTERNAL, USERID)
def delete(ask: Ask) -> Any:
    """Fires del_external_contact."""
    person = _person(ask, ask.body["external_userid"])
    friends.delete(ask.world, ask.body["userid"], person.external_userid, at=ask.at)
    return {"ok": True}


@route(
    "POST",
    "/twin/remark",
    "A member edits the note on a customer in the client",
    USERID,
    EXTERNAL,
    Field("remark", "string", "the note"),
    Field("description", "string", "longer text"),
    Field("remark_mobiles", "array", "phone numbers"),
)
def remark(ask: Ask) -> Any:
    """Fires edit_external_contact."""
    body = {key: value for key, value in ask.body.items() if value is not None}
    friends.remark(ask.world, body["userid"], body["external_userid"], body, at=ask.at)
    return {"ok": True}


@route(
    "POST",
    "/twin/tag",
    "A member tags a customer in the client",
    USERID,
    EXTERNAL,
    Field("add", "array", "corp tags by id or name"),
    Field("remove", "array", "corp tags by id or name"),
)
def tag(ask: Ask) -> Any:
    """Fires edit_external_contact."""
    body = ask.body
    friends.tag(
        ask.world, body["userid"], body["external_userid"], body.get("add") or [],
        body.get("remove") or [], at=ask.at,
    )  # fmt: skip
    return {"ok": True}


@route(
    "POST",
    "/twin/corp_tag",
    "An administrator makes, renames or deletes a corp tag in the console",
    Field("group_name", "string", "for a new tag"),
    Field("name", "string", "name of the tag, or the new name"),
    Field("id", "string", "an existing tag or group"),
    Field("delete", "boolean", "delete it"),
)
def corp_tag(ask: Ask) -> Any:
    """Fires change_external_tag."""
    body = ask.body
    if not body.get("id"):
        if not body.get("group_name") or not body.get("name"):
            raise ValueError("give id, or group_name and name")
        made = console_tags.create(ask.world, body["group_name"], body["name"], at=ask.at)
        return {"id": made}
    console_tags.change(
        ask.world, body["id"], name=str(body.get("name") or ""), delete=bool(body.get("delete")),
        at=ask.at,
    )  # fmt: skip
    return {"id": body["id"]}


@route(
    "POST",
    "/twin/say",
    "A customer writes to a member",
    EXTERNAL,
    USERID,
    Field("text", "string", "what", required=True),
)
def say(ask: Ask) -> Any:
    """A chat message; WeCom tells no application of it, but a welcome is too late then."""
    person = _person(ask, ask.body["external_userid"])
    friends.chat(ask.world, ask.body["userid"], person.external_userid, ask.body["text"], at=ask.at)
    return {"ok": True}


@route(
    "POST",
    "/twin/buy",
    "A person buys",
    Field("person", "string", "own id, external_userid, unionid or phone", required=True),
    Field("sku", "string", "one product"),
    Field("quantity", "integer", "how many of it"),
    Field("items", "array", "several products: [{sku, quantity, amount?}], amount in 分"),
    Field("source", "string", "pos | mini | wecom | tmall | douyin; default mini"),
    Field("clerk_userid", "string", "who sold it"),
    Field("store_code", "string", "where"),
)
def buy(ask: Ask) -> Any:
    """An order; reported to siyu when the shop is connected."""
    body = ask.body
    rows = body.get("items") or [{"sku": body.get("sku"), "quantity": body.get("quantity") or 1}]
    items = [Item(str(row["sku"]), int(row.get("quantity", 1)), int(row.get("amount") or 0)) for row in rows]
    order = purchases.buy(
        ask.world, _person(ask, body["person"]), items, source=body.get("source") or "mini",
        at=ask.at, clerk=body.get("clerk_userid") or "", store=body.get("store_code") or "",
    )  # fmt: skip
    return {"order_no": order.order_no, "amount": order.amount, "store_code": order.store_code}


@route(
    "POST",
    "/twin/refund",
    "An order is refunded, wholly or by lines",
    Field("order_no", "string", "which", required=True),
    Field("lines", "array", "[{line_no, quantity, amount}], amount in 分; absent: all that is left"),
)
def refund(ask: Ask) -> Any:
    """A refund; reported to siyu when the shop is connected."""
    done = purchases.refund(ask.world, ask.body["order_no"], ask.body.get("lines"), at=ask.at)
    return {"refund_no": done.refund_no, "amount": done.amount, "lines": done.lines}


@route("POST", "/twin/resign", "A member leaves the company", USERID)
def resign(ask: Ask) -> Any:
    """Fires delete_user."""
    staff.resign(ask.world, ask.body["userid"], at=ask.at)
    return {"ok": True}


@route(
    "POST",
    "/twin/hire",
    "A new clerk",
    USERID,
    Field("name", "string", "name", required=True),
    Field("department", "integer", "department id", required=True),
)
def hire(ask: Ask) -> Any:
    """Fires create_user."""
    body = ask.body
    staff.hire(ask.world, body["userid"], body["name"], body["department"], at=ask.at)
    return {"ok": True}


@route(
    "POST",
    "/twin/move",
    "A member changes department",
    USERID,
    Field("department", "integer", "department id", required=True),
)
def move(ask: Ask) -> Any:
    """Fires update_user."""
    staff.move(ask.world, ask.body["userid"], ask.body["department"], at=ask.at)
    return {"ok": True}


@route(
    "POST",
    "/twin/people",
    "A new person without any relation",
    Field("name", "string", "name"),
    Field("phone", "string", "phone"),
)
def make_person(ask: Ask) -> Any:
    """Somebody to play."""
    return _shown(_played(ask, ask.body.get("name") or "", ask.body.get("phone") or ""))


def _shown(person: Person) -> Json:
    return {**person.__dict__, "created_at": iso(person.created_at)}


@route(
    "GET",
    "/twin/people",
    "People",
    Field("kind", "string", "existing | stranger | played"),
    Field("q", "string", "part of name, phone or id"),
    Field("limit", "integer", "default 100"),
    Field("offset", "integer", "default 0"),
)
def people(ask: Ask) -> Any:
    """People, newest first."""
    kind, wanted = ask.query.get("kind"), ask.query.get("q", "")
    found = [
        person
        for person in reversed(ask.world.state.people.values())
        if (not kind or person.kind == kind)
        and (wanted in person.name or wanted in person.phone or wanted == person.id)
    ]
    first, limit = int(ask.query.get("offset", 0)), int(ask.query.get("limit", 100))
    return {
        "total": len(found),
        "people": [_shown(person) for person in found[first : first + limit]],
    }


@route("GET", "/twin/person/{id}", "One person: relations, phone, orders")
def person(ask: Ask) -> Any:
    """Everything about one person."""
    state = ask.world.state
    found = _person(ask, ask.path["id"])
    follows = []
    for follow in ask.world.follows_of_customer(found.external_userid):
        member = state.members[follow.userid]
        store = next((s.name for s in state.stores.values() if s.department_id == member.department), "")
        follows.append(
            {
                **follow.__dict__,
                "createtime": iso(follow.createtime),
                "member_name": member.name,
                "store_name": store,
                "friends": follow.friends,
            }
        )
    orders = [
        {
            "order_no": order.order_no,
            "source": order.source,
            "paid_at": iso(order.paid_at),
            "amount": order.amount,
            "refunded": sum(line.refunded_amount for line in order.lines),
            "lines": [line.__dict__ for line in order.lines],
        }
        for order in state.orders.values()
        if order.person_id == found.id
    ]
    return {"person": _shown(found), "follows": follows, "orders": orders}


@route("GET", "/twin/members", "Members with department and number of friends")
def members(ask: Ask) -> Any:
    """All members."""
    state = ask.world.state
    return {
        "members": [
            {
                **member.__dict__,
                "department_name": state.departments[str(member.department)].name,
                "friends": sum(f.friends for f in ask.world.follows_of_member(member.userid)),
            }
            for member in state.members.values()
        ]
    }


@route("GET", "/twin/codes", "Contact ways that can be scanned, with their members")
def codes(ask: Ask) -> Any:
    """Working codes."""
    state = ask.world.state
    return {
        "codes": [
            {
                "config_id": way.config_id,
                "state": way.state,
                "remark": way.remark,
                "members": [
                    {
                        "userid": userid,
                        "name": state.members[userid].name,
                        "department": state.departments[str(state.members[userid].department)].name,
                    }
                    for userid in members_of(ask.world, way)
                ],
            }
            for way in state.contact_ways.values()
            if usable(way, ask.world.now())
        ]
    }


@route(
    "GET",
    "/twin/messages",
    "What phones show: welcome, mass messages, chats, application messages",
    Field("person", "string", "only this person's phone"),
    Field("userid", "string", "only this member's phone"),
    Field("kind", "string", "welcome | mass | chat | app"),
    Field("after", "integer", "only messages with a larger id"),
    Field("limit", "integer", "default 500"),
)
def messages(ask: Ask) -> Any:
    """Messages, oldest first."""
    query = ask.query
    external = _person(ask, query["person"]).external_userid if query.get("person") else ""
    after = int(query.get("after", 0))
    found = [
        {**message.__dict__, "at": iso(message.at)}
        for message in ask.world.state.messages
        if message.id > after
        and (not external or message.external_userid == external)
        and query.get("userid", message.userid) == message.userid
        and query.get("kind", message.kind) == message.kind
    ]
    return {"total": len(found), "messages": found[: int(query.get("limit", 500))]}


@route(
    "GET",
    "/twin/tasks",
    "Mass tasks per member",
    Field("userid", "string", "only this member's"),
    Field("open", "boolean", "only unsent ones that can still be confirmed"),
)
def mass_tasks(ask: Ask) -> Any:
    """Mass tasks, newest first."""
    state = ask.world.state
    wanted, only_open = ask.query.get("userid"), ask.query.get("open") in ("1", "true")
    found = []
    for message in reversed(state.mass.values()):
        for task in message.tasks:
            if wanted and task.userid != wanted:
                continue
            if only_open and (task.status or message.cancelled_at):
                continue
            found.append(
                {
                    "msgid": message.msgid,
                    "userid": task.userid,
                    "member_name": state.members[task.userid].name,
                    "created_at": iso(message.create_time),
                    "text": message.text,
                    "attachments": message.attachments,
                    "customers": len(task.rows),
                    "status": task.status,
                    "cancelled": bool(message.cancelled_at),
                    "forgotten": task.forgotten,
                    "reminders": len(message.reminders),
                    "sent_at": iso(task.send_time) if task.send_time else None,
                }
            )
    return {"tasks": found}


@route("GET", "/twin/requests", "Customers who wait to be accepted", Field("userid", "string", "by whom"))
def requests(ask: Ask) -> Any:
    """Half relations, made by codes with skip_verify=false."""
    wanted = ask.query.get("userid")
    found = []
    for follow in ask.world.state.follows.values():
        person = ask.world.person_of(follow.external_userid)
        if follow.half and person is not None and wanted in (None, follow.userid):
            found.append(
                {
                    "userid": follow.userid,
                    "external_userid": follow.external_userid,
                    "name": person.name,
                    "at": iso(follow.createtime),
                }
            )
    return {"requests": found}
