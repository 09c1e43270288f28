"""What a process makes sure of before it works: partitions, cursors, schedules."""

from __future__ import annotations

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit import clock


def prepare() -> None:
    """Make the log's next partitions, the cursors of all subscriptions and the schedules, where they are missing.

    Web does it as well as the worker: what hears only live facts begins at the log's end, so a fact that web records
    before any worker has started must find the cursors there.
    """
    at = clock.business_now()
    with foundation.transaction():
        facts.ensure_partitions(at=at)
        facts.install_cursors()
        foundation.ensure_schedules(at=at)
