"""Fields of the steps that lead, for the console's form (effects bring their own)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _

from siyu.actions.effects.api import Field, FieldKind, Text
from siyu.decisions.journeys.heard import HEARD
from siyu.facts import api as facts


def fact_choices() -> list[tuple[str, Text]]:
    """The facts journeys hear, by their label."""
    return [(name, facts.CATALOGUE.get(name).label) for name in HEARD]


_DAYS = Field("days", _("Days"), FieldKind.DAYS, required=False, minimum=0, maximum=730)
_HOURS = Field("hours", _("Hours"), FieldKind.NUMBER, required=False, minimum=0, maximum=10_000)

FLOW_FIELDS: Mapping[str, Sequence[Field]] = {
    "wait": (
        _DAYS,
        _HOURS,
        Field("minutes", _("Minutes"), FieldKind.NUMBER, required=False, minimum=0, maximum=10_000),
        Field(
            "at",
            _("Until the time of day"),
            FieldKind.LINE,
            required=False,
            max_length=5,
            help=_("Such as 10:00; days are then calendar days."),
        ),
    ),
    "wait_for": (
        Field("fact", _("Which event"), FieldKind.CHOICE, choices=fact_choices),
        _DAYS,
        _HOURS,
    ),
    "branch": (),
    "end": (),
}
