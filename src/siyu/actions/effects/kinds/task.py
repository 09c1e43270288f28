"""Give the clerk who serves the customer a task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from siyu.actions.effects.contracts import EffectItem, EffectResult, EffectStatus, Field, FieldKind, Text
from siyu.actions.effects.people import values_for
from siyu.actions.effects.rules import check_fields, fill
from siyu.actions.work import api as work


def _kinds() -> list[tuple[str, Text]]:
    return [(work.CARE, _("Care")), (work.FOLLOW_UP, _("Follow-up: a purchase closes it"))]


class TaskEffect:
    """One task per person, for the employee who serves them."""

    name = "task"
    label: Text = _("Task for the clerk")
    fields: Sequence[Field] = (
        Field("kind", _("Kind"), FieldKind.CHOICE, choices=_kinds, default=work.CARE),
        Field("title", _("Title"), FieldKind.LINE, max_length=100),
        Field("reason", _("Why this customer, why today"), FieldKind.TEXT, required=False, max_length=300),
        Field("draft", _("Draft to send"), FieldKind.TEXT, required=False, max_length=1000),
        Field(
            "expires_days",
            _("Expires after days"),
            FieldKind.DAYS,
            required=False,
            default=7,
            minimum=1,
            maximum=365,
        ),
    )

    def validate(self, params: Mapping[str, Any]) -> Mapping[str, Text]:
        """A title, a known kind, known placeholders."""
        return check_fields(self.fields, params)

    def promotional(self, params: Mapping[str, Any]) -> bool:
        """What a clerk owes a customer has no hold-out."""
        return False

    def apply(self, items: Sequence[EffectItem], *, at: datetime) -> Sequence[EffectResult]:
        """Create the tasks; people nobody serves are skipped."""
        if not items:
            return []
        params = items[0].params
        texts = {name: str(params.get(name) or "") for name in ("title", "reason", "draft")}
        values = values_for(items, list(texts.values()), at=at)
        days = params.get("expires_days") or 7
        specs = []
        for item in items:
            if item.employee_id is not None:
                filled = {name: fill(text, values[item.key]) for name, text in texts.items()}
                specs.append(
                    work.TaskSpec(
                        key=item.key,
                        employee_id=item.employee_id,
                        customer_id=item.customer_id,
                        subject_id=item.subject_id,
                        kind=params.get("kind") or work.CARE,
                        title=filled["title"],
                        reason=filled["reason"],
                        draft=filled["draft"],
                        due_at=at,
                        expires_at=at + timedelta(days=days),
                        purpose_key=item.purpose_key,
                        cause=item.cause,
                    )
                )
        made = {answer.key: answer.task_id for answer in work.create_tasks(specs, at=at)}
        return [
            EffectResult(item.key, EffectStatus.DONE, ref=f"task:{made[item.key]}")
            if item.key in made
            else EffectResult(item.key, EffectStatus.SKIPPED, reason="no_employee")
            for item in items
        ]
