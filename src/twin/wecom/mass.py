"""Mass messages: a task first, then each member's confirmation, then the customers' phones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.state import Follow, Json, MassMessage, MassTask, SendRow
from twin.wecom.contacts import visible_member, visible_members
from twin.wecom.content import content_of
from twin.wecom.errors import WecomError
from twin.wecom.pages import page_limit, read_cursor, write_cursor
from twin.wecom.registry import Call, Param, Right, endpoint

if TYPE_CHECKING:
    from twin.world import World

DAY = 86_400
MONTH_SPAN = 31 * DAY
MOST_CUSTOMERS = 10_000
MOST_REMINDERS = 3
MSGID = Param("msgid", required=True, missing=41046, wrong=41047)


def _candidates(call: Call) -> dict[str, list[Follow]]:
    """Customers and their listed relations within the app's range (and the sender's)."""
    world = call.world
    sender = call.text("sender")
    if sender:
        members = [visible_member(world, call.app, sender)]
    else:
        members = visible_members(world, call.app)
    found: dict[str, list[Follow]] = {}
    for member in members:
        for follow in world.follows_of_member(member.userid):
            if follow.listed:
                found.setdefault(follow.external_userid, []).append(follow)
    return found


def _tag_groups(call: Call) -> list[set[str]]:
    """The tag filter: OR inside a group, AND between groups."""
    groups = []
    for item in (call.args.get("tag_filter") or {}).get("group_list") or []:
        tags = {str(key) for key in item.get("tag_list") or []}
        if len(tags) > 100:
            raise WecomError(40058, "tag_list exceed max size 100")
        known = call.world.state.tags
        if any(key not in known or known[key].deleted for key in tags):
            raise WecomError(40068)
        groups.append(tags)
    return groups


def _recipients(call: Call) -> tuple[dict[str, list[Follow]], list[str]]:
    """Whom to send to, and the given ids that cannot be used."""
    candidates = _candidates(call)
    given = list(dict.fromkeys(call.texts("external_userid")))
    if given:
        chosen = {key: candidates[key] for key in given if key in candidates}
        return chosen, [key for key in given if key not in candidates]
    groups = _tag_groups(call)
    if not groups:
        return candidates, []
    return {
        key: matching
        for key, follows in candidates.items()
        if (
            matching := [follow for follow in follows if all(group & set(follow.tag_ids) for group in groups)]
        )
    }, []


def _tasks(chosen: dict[str, list[Follow]]) -> list[MassTask]:
    """One task a member; a customer of several members goes to the one who chatted last."""
    shares: dict[str, list[SendRow]] = {}
    for external_userid, follows in chosen.items():
        owner = max(follows, key=lambda item: (item.last_chat_at, item.createtime, item.userid))
        shares.setdefault(owner.userid, []).append(SendRow(external_userid))
    return [MassTask(userid, rows) for userid, rows in sorted(shares.items())]


@endpoint(
    "externalcontact/add_msg_template",
    Right.CUSTOMER,
    Param("chat_type"),
    Param("external_userid", list, most=MOST_CUSTOMERS),
    Param("sender"),
    Param("tag_filter", dict),
    Param("allow_select", bool),
    Param("text", dict),
    Param("attachments", list),
    empty={"fail_list": [], "msgid": ""},
    document=92135,
)
def add_msg_template(call: Call) -> Json:
    """Make a mass message; nothing reaches a customer before a member confirms."""
    world = call.world
    chat_type = call.text("chat_type", "single")
    if chat_type != "single":
        raise WecomError(40058, "chat_type invalid: the twin has no customer groups yet")
    if not any(call.args.get(name) for name in ("sender", "external_userid", "tag_filter")):
        raise WecomError(40063)
    text, attachments = content_of(call)
    chosen, failed = _recipients(call)
    if not chosen:
        raise WecomError(41048, fail_list=failed)
    message = MassMessage(
        msgid=world.new_id("mass", "msg", length=29),
        app=call.app.key,
        creator=call.text("sender"),
        create_time=call.at,
        dispatch_at=call.now + world.state.settings.dispatch_seconds,
        chat_type=chat_type,
        text=text,
        attachments=attachments,
        allow_select=call.flag("allow_select"),
        fail_list=failed,
        tasks=_tasks(chosen),
    )
    world.state.mass[message.msgid] = message
    for task in message.tasks:
        world.record(
            "mass_tasks", at=call.at, msgid=message.msgid, userid=task.userid,
            customers=len(task.rows), state="waiting",
        )  # fmt: skip
    world.on_mass_message(message, call.at)
    return {"fail_list": failed, "msgid": message.msgid}


def _message(call: Call) -> MassMessage:
    message = call.world.state.mass.get(call.text("msgid"))
    if message is None:
        raise WecomError(41047)
    return message


def _dispatched(call: Call) -> MassMessage:
    message = _message(call)
    if call.now < message.dispatch_at:
        raise WecomError(41063)
    return message


@endpoint(
    "externalcontact/get_groupmsg_list_v2",
    Right.CUSTOMER,
    Param("chat_type", required=True),
    Param("start_time", int, required=True, missing=600018),
    Param("end_time", int, required=True, missing=600019),
    Param("creator"),
    Param("filter_type", int),
    Param("limit", int),
    Param("cursor"),
    empty={"group_msg_list": [], "next_cursor": ""},
    document=93338,
)
def group_message_list(call: Call) -> Json:
    """Mass messages made in a span of at most a month."""
    start, end = call.number("start_time"), call.number("end_time")
    if start > end or end - start > MONTH_SPAN:
        raise WecomError(600018)
    creator, filter_type = call.text("creator"), call.number("filter_type", 2)
    found = [
        {
            "msgid": message.msgid,
            "creator": message.creator,
            "create_time": message.create_time,
            "create_type": 0,
            "text": {"content": message.text},
            "attachments": message.attachments,
        }
        for message in call.world.state.mass.values()
        if message.chat_type == call.text("chat_type")
        and start <= message.create_time <= end
        and (not creator or message.creator == creator)
        and filter_type != 1
    ]
    limit = page_limit(call, 50, 100)
    first = read_cursor(call, len(found))
    return {
        "group_msg_list": found[first : first + limit],
        "next_cursor": write_cursor(call, first + limit, len(found)),
    }


@endpoint(
    "externalcontact/get_groupmsg_task",
    Right.CUSTOMER,
    MSGID,
    Param("limit", int),
    Param("cursor"),
    empty={"task_list": [], "next_cursor": ""},
    document=93338,
)
def group_message_tasks(call: Call) -> Json:
    """Which members have confirmed."""
    tasks = _dispatched(call).tasks
    limit = page_limit(call, 500, 1000)
    first = read_cursor(call, len(tasks))
    page = []
    for task in tasks[first : first + limit]:
        fields: Json = {"userid": task.userid, "status": task.status}
        page.append({**fields, "send_time": task.send_time} if task.status else fields)
    return {"task_list": page, "next_cursor": write_cursor(call, first + limit, len(tasks))}


@endpoint(
    "externalcontact/get_groupmsg_send_result",
    Right.CUSTOMER,
    MSGID,
    Param("userid", required=True, missing=41009),
    Param("limit", int),
    Param("cursor"),
    empty={"send_list": [], "next_cursor": ""},
    document=93338,
)
def group_message_result(call: Call) -> Json:
    """What became of each customer of one member's task."""
    message = _dispatched(call)
    task = next((item for item in message.tasks if item.userid == call.text("userid")), None)
    if task is None:
        raise WecomError(40003)
    limit = page_limit(call, 500, 1000)
    first = read_cursor(call, len(task.rows))
    page = []
    for row in task.rows[first : first + limit]:
        fields: Json = {
            "external_userid": row.external_userid,
            "userid": task.userid,
            "status": row.status,
        }
        page.append({**fields, "send_time": row.send_time} if row.status else fields)
    return {"send_list": page, "next_cursor": write_cursor(call, first + limit, len(task.rows))}


@endpoint("externalcontact/remind_groupmsg_send", Right.CUSTOMER, MSGID, document=97610)
def remind(call: Call) -> Json:
    """Remind members who have not confirmed: three times in 24 hours."""
    message = _dispatched(call)
    if message.cancelled_at:
        raise WecomError(41093)
    recent = [moment for moment in message.reminders if moment > call.at - DAY]
    if len(recent) >= MOST_REMINDERS:
        raise WecomError(41094)
    message.reminders.append(call.at)
    call.world.record("reminders", at=call.at, msgid=message.msgid)
    call.world.on_reminder(message, call.at)
    return {}


@endpoint("externalcontact/cancel_groupmsg_send", Right.CUSTOMER, MSGID, document=97611)
def cancel(call: Call) -> Json:
    """Stop members who have not confirmed; what was sent stays sent."""
    message = _message(call)
    if message.cancelled_at:
        raise WecomError(41093)
    message.cancelled_at = call.at
    mark_tasks(call.world, message.msgid, "waiting", "cancelled")
    mark_tasks(call.world, message.msgid, "forgotten", "cancelled")
    call.world.record("cancellations", at=call.at, msgid=message.msgid)
    return {}


def mark_tasks(world: World, msgid: str, old: str, new: str, userid: str = "") -> None:
    """Change the ledger state of a message's tasks (of one member, or all)."""
    for row in world.state.ledger.get("mass_tasks", []):
        if row["msgid"] == msgid and row["state"] == old and userid in ("", row["userid"]):
            row["state"] = new
