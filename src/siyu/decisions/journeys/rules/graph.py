"""Check that the steps of a journey lead somewhere."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from siyu.decisions.journeys.contracts import Step

WAITS = ("wait", "wait_for")


def exits(step: Step) -> list[tuple[str, str | None]]:
    """(field name, target step id) of every way out of a step; None = the run ends."""
    if step.type == "end":
        return []
    if step.type == "branch":
        ways: list[tuple[str, str | None]] = [
            (f"cases[{index}].next", case.next or None) for index, case in enumerate(step.cases)
        ]
        return [*ways, ("otherwise", step.otherwise)]
    if step.type == "wait_for":
        return [("next", step.next), ("otherwise", step.otherwise)]
    return [("next", step.next)]


def check_graph(steps: Sequence[Step], errors: dict[str, object]) -> None:
    """Every target exists, every step can be reached, and no circle goes round without waiting."""
    places = {step.id: index for index, step in enumerate(steps)}
    for index, step in enumerate(steps):
        for field, target in exits(step):
            if target is not None and target not in places:
                errors[f"steps[{index}].{field}"] = _("There is no step %(step)s.") % {"step": target}
            if target is None and step.type == "branch" and field != "otherwise":
                errors[f"steps[{index}].{field}"] = _("Say where these people go.")
    if errors:
        return
    by_id = {step.id: step for step in steps}
    reached = _reach(by_id, steps[0].id, through_waits=True)
    for index, step in enumerate(steps):
        if step.id not in reached:
            errors[f"steps[{index}]"] = _("Nobody can reach this step.")
        elif step.type not in WAITS and _circles(by_id, step):
            errors[f"steps[{index}]"] = _("This circle has no wait in it.")


def _circles(by_id: dict[str, Step], start: Step) -> bool:
    return any(
        target is not None and start.id in _reach(by_id, target, through_waits=False)
        for _field, target in exits(start)
    )


def _reach(by_id: dict[str, Step], start: str, *, through_waits: bool) -> set[str]:
    seen: set[str] = set()
    stack = [start]
    while stack:
        step_id = stack.pop()
        if step_id in seen:
            continue
        step = by_id[step_id]
        if not through_waits and step.type in WAITS:
            continue
        seen.add(step_id)
        stack += [target for _field, target in exits(step) if target is not None]
    return seen
