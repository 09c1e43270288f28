"""A member confirms a mass task on the phone."""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING

from twin.clock import china
from twin.life.errors import NotPossible
from twin.state import Json, MassMessage, MassTask
from twin.wecom.mass import mark_tasks

if TYPE_CHECKING:
    from twin.world import World

DAY = 86_400


def find_task(world: World, msgid: str, userid: str) -> tuple[MassMessage, MassTask]:
    """A member's share of a mass message."""
    message = world.state.mass.get(msgid)
    for task in message.tasks if message else []:
        if message and task.userid == userid:
            return message, task
    raise NotPossible("unknown_task", "没有这个群发任务")


def within_limit(world: World, external_userid: str, at: int) -> bool:
    """Whether one more mass message may reach the customer: N a month of N days, or 7/1."""
    sent = world.state.mass_sent.get(external_userid, [])
    rule = world.state.settings.mass_rule
    today = china(at)
    if rule == "day":
        return not any(china(moment).date() == today.date() for moment in sent)
    if rule == "week":
        week = today.isocalendar()[:2]
        return sum(china(moment).isocalendar()[:2] == week for moment in sent) < 7
    month = (today.year, today.month)
    days = calendar.monthrange(*month)[1]
    return sum((china(moment).year, china(moment).month) == month for moment in sent) < days


def confirm(world: World, msgid: str, userid: str, *, at: int) -> Json:
    """Send a task's messages to all its customers, each with its own outcome."""
    message, task = find_task(world, msgid, userid)
    if message.cancelled_at:
        raise NotPossible("cancelled", "该群发任务已被取消")
    if task.status:
        raise NotPossible("already_sent", "该群发任务已发送")
    if max(world.now(), at) < message.dispatch_at:
        raise NotPossible("dispatching", "任务正在下发，请稍候")
    task.status, task.send_time, task.forgotten = 2, at, False
    counts = {1: 0, 2: 0, 3: 0}
    for row in task.rows:
        follow = world.follow(userid, row.external_userid)
        if follow is None or not follow.friends:
            row.status = 2
        elif not within_limit(world, row.external_userid, at):
            row.status = 3
        else:
            row.status = 1
            world.state.mass_sent.setdefault(row.external_userid, []).append(at)
            world.say("mass", userid, row.external_userid, message.text, at=at,
                      attachments=message.attachments, source=msgid)  # fmt: skip
        row.send_time = at
        counts[row.status] += 1
        world.record(
            "sends", at=at, msgid=msgid, userid=userid, external_userid=row.external_userid,
            status=row.status,
        )  # fmt: skip
    mark_tasks(world, msgid, "waiting", "confirmed", userid)
    mark_tasks(world, msgid, "forgotten", "confirmed", userid)
    return {"sent": counts[1], "not_friend": counts[2], "limit": counts[3]}


def forget(world: World, msgid: str, userid: str) -> None:
    """Note that a member let a task lie; it can still be confirmed later."""
    _, task = find_task(world, msgid, userid)
    if not task.status:
        task.forgotten = True
        mark_tasks(world, msgid, "waiting", "forgotten", userid)
