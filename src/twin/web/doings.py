"""Control routes that let a person do something, and lists of what is there."""

from __future__ import annotations

from typing import Any

from twin.life import console_tags, friends, purchases, staff, tasks
from twin.life.purchases import Item
from twin.state import Person
from twin.web.routes import Ask, Field, route
from twin.web.views import find_person, shown

EXTERNAL = Field("external_userid", "string", "the customer", required=True)
USERID = Field("userid", "string", "the member", required=True)


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
        find_person(ask, body["person"])
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
    person = find_person(ask, ask.body["external_userid"])
    friends.block(ask.world, ask.body["userid"], person.external_userid, at=ask.at)
    return {"ok": True}


@route("POST", "/twin/delete", "A member deletes a customer", EXTERNAL, USERID)
def delete(ask: Ask) -> Any:
    """Fires del_external_contact."""
    person = find_person(ask, ask.body["external_userid"])
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
    Field("shuffle", "boolean", "bring its tags into another order"),
)
def corp_tag(ask: Ask) -> Any:
    """Fires change_external_tag."""
    body = ask.body
    if not body.get("id"):
        if not body.get("group_name") or not body.get("name"):
            raise ValueError("give id, or group_name and name")
        made = console_tags.create(ask.world, body["group_name"], body["name"], at=ask.at)
        return {"id": made}
    if body.get("shuffle"):
        console_tags.shuffle(ask.world, body["id"], at=ask.at)
        return {"id": body["id"]}
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
    person = find_person(ask, ask.body["external_userid"])
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
        ask.world, find_person(ask, body["person"]), items, source=body.get("source") or "mini",
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
def makefind_person(ask: Ask) -> Any:
    """Somebody to play."""
    return shown(_played(ask, ask.body.get("name") or "", ask.body.get("phone") or ""))


@route(
    "POST",
    "/twin/department",
    "An administrator opens, changes or closes a department",
    Field("id", "integer", "an existing department; absent: a new one"),
    Field("name", "string", "its name"),
    Field("parentid", "integer", "where it hangs; default for a new one: 1"),
    Field("delete", "boolean", "close it"),
)
def department(ask: Ask) -> Any:
    """Fires create_party, update_party or delete_party."""
    body = ask.body
    name, parentid = str(body.get("name") or ""), int(body.get("parentid") or 0)
    number = int(body.get("id") or 0)
    if not number:
        if not name:
            raise ValueError("give a name, or the id of a department")
        return {"id": staff.open_department(ask.world, name, parentid or 1, at=ask.at)}
    if body.get("delete"):
        staff.close_department(ask.world, number, at=ask.at)
    else:
        staff.change_department(ask.world, number, name, parentid, at=ask.at)
    return {"id": number}
