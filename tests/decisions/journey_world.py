"""Journeys for tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from siyu.actions.messaging import api as messaging
from siyu.actions.work import api as work
from siyu.decisions.journeys import api as journeys
from siyu.foundation import api as foundation
from siyu.records.staff import api as staff
from tests.actions import world
from tests.actions.world import NOON

BY = foundation.SYSTEM


def tag(step_id: str, name: str, **extra: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "tag", "params": {"tag": name}, **extra}


def wait(step_id: str, **params: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "wait", "params": params}


def say(step_id: str, channel: str = "test.mass", kind: str = "service", **extra: Any) -> dict[str, Any]:
    return {
        "id": step_id,
        "type": "message",
        "params": {"channel": channel, "kind": kind, "text": "{customer}您好,我是{clerk}"},
        **extra,
    }


def define(*steps: dict[str, Any], fact: str = "contact.added", **extra: Any) -> dict[str, Any]:
    return {"entry": {"fact": fact, **extra.pop("entry", {})}, "steps": list(steps), **extra}


def start(definition: dict[str, Any], name: str = "测试", *, at: datetime = NOON) -> int:
    """A running journey."""
    journey_id = journeys.create_journey(name, definition, at=at, by=BY)
    journeys.publish(journey_id, at=at, by=BY)
    return journey_id


def hear(at: datetime) -> None:
    """Let journeys hear all facts recorded so far."""
    world.hear("journeys.heard", "journeys.merged", at=at)


def go(at: datetime, limit: int = 1000) -> journeys.Advanced:
    """Advance until nobody is due."""
    total = journeys.Advanced()
    while True:
        with foundation.transaction():
            one = journeys.advance(at=at, limit=limit)
        if not one.people:
            return total
        total = journeys.Advanced(
            total.people + one.people,
            total.steps + one.steps,
            total.ended + one.ended,
            total.errors + one.errors,
        )


def runs(journey_id: int) -> list[journeys.EnrolmentView]:
    """All runs, oldest first."""
    found = journeys.enrolments(staff.EVERYTHING, journey_id=journey_id, size=10_000).items
    return sorted(found, key=lambda run: run.id)


def path(run: journeys.EnrolmentView) -> list[str]:
    """The steps a run took with what came of them, in order."""
    return [f"{step.step_id}:{step.outcome.value}" for step in journeys.steps_taken(run.id)]


def all_messages() -> list[messaging.DeliveryView]:
    return messaging.deliveries(staff.EVERYTHING, size=10_000).items


def all_tasks(at: datetime = NOON) -> list[work.TaskView]:
    return work.tasks(staff.EVERYTHING, at=at, size=10_000).items


def day(number: int, hour: int = 12) -> datetime:
    """That many days after the Friday of NOON, at a full hour in Shanghai."""
    return NOON.replace(hour=0) + timedelta(days=number, hours=hour - 8)
