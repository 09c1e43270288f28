"""How clerks treat mass-message tasks: each by temperament, some forget."""

from __future__ import annotations

from twin.life import tasks
from twin.population.habits import REMINDED_SHARE, confirm_delay, forgets, open_hours
from twin.population.schedule import Schedule
from twin.rng import rng
from twin.state import Json, MassMessage, MassTask

HOUR = 3600


def notice(plan: Schedule, message: MassMessage, at: int) -> None:
    """Members take notice of a new mass message."""
    if plan.running:
        for task in message.tasks:
            _notice(plan, message, task, at)


def notice_missed(plan: Schedule, at: int) -> None:
    """Members take notice of what was made while the population stood still."""
    planned = {
        (action.args["msgid"], action.args["userid"])
        for action in plan.planned()
        if action.kind in ("confirm", "forget")
    }
    for message in plan.world.state.mass.values():
        for task in message.tasks:
            waits = not (task.status or task.forgotten or message.cancelled_at)
            if waits and (message.msgid, task.userid) not in planned:
                _notice(plan, message, task, at)


def _notice(plan: Schedule, message: MassMessage, task: MassTask, at: int) -> None:
    temperament = plan.world.state.members[task.userid].temperament
    source = rng(plan.world.state.seed, "mass", message.msgid, task.userid)
    due = open_hours(at + confirm_delay(source, temperament), source)
    kind = "forget" if forgets(source, temperament) else "confirm"
    plan.later(kind, due, {"msgid": message.msgid, "userid": task.userid})


def reminded(plan: Schedule, message: MassMessage, at: int) -> None:
    """Some of those who had forgotten confirm after a reminder."""
    if not plan.running:
        return
    for task in message.tasks:
        source = rng(plan.world.state.seed, "remind", message.msgid, task.userid, len(message.reminders))
        if task.forgotten and source.random() < REMINDED_SHARE:
            due = open_hours(at + source.expovariate(1 / HOUR), source)
            plan.later("confirm", due, {"msgid": message.msgid, "userid": task.userid})


def confirm(plan: Schedule, args: Json, at: int) -> None:
    """A member confirms."""
    tasks.confirm(plan.world, args["msgid"], args["userid"], at=at)


def forget(plan: Schedule, args: Json, at: int) -> None:
    """A member lets it lie."""
    tasks.forget(plan.world, args["msgid"], args["userid"])
