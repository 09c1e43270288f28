"""Control routes that list what is there: people, members, codes, phones, tasks."""

from __future__ import annotations

from typing import Any

from twin.clock import iso
from twin.state import Json, Person
from twin.web.routes import Ask, Field, route
from twin.wecom.contact_ways import members_of, usable
from twin.wecom.registry import ENDPOINTS


def find_person(ask: Ask, key: str) -> Person:
    """A person by own id, external user id, unionid or phone."""
    person = ask.world.find_person(key)
    if person is None:
        raise KeyError(key)
    return person


def shown(person: Person) -> Json:
    """A person as lists show one."""
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
        "people": [shown(person) for person in found[first : first + limit]],
    }


@route("GET", "/twin/person/{id}", "One person: relations, phone, orders")
def person(ask: Ask) -> Any:
    """Everything about one person."""
    state = ask.world.state
    found = find_person(ask, ask.path["id"])
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
    return {"person": shown(found), "follows": follows, "orders": orders}


def _department_name(ask: Ask, number: int) -> str:
    """Of a department that may have been closed after its last member left."""
    found = ask.world.state.departments.get(str(number))
    return found.name if found else ""


@route("GET", "/twin/members", "Members with department and number of friends")
def members(ask: Ask) -> Any:
    """All members."""
    state = ask.world.state
    return {
        "members": [
            {
                **member.__dict__,
                "department_name": _department_name(ask, member.department),
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


@route("GET", "/twin/endpoints", "The simulated WeCom endpoints: right, method, parameters", locked=False)
def endpoints(ask: Ask) -> Any:
    """The registry; `document` is the number of the official page."""
    return {
        "endpoints": [
            {
                "path": f"/cgi-bin/{item.path}",
                "method": item.method,
                "right": item.right,
                "document": item.document,
                "parameters": [{"name": param.name, "required": param.required} for param in item.params],
            }
            for item in sorted(ENDPOINTS.values(), key=lambda item: item.path)
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
    external = find_person(ask, query["person"]).external_userid if query.get("person") else ""
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
