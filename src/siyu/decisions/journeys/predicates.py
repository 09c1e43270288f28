"""The questions a branch can ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from siyu.actions.effects.api import Field, FieldKind, Text, check_fields
from siyu.decisions.journeys.contracts import Person
from siyu.decisions.journeys.fields import fact_choices
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.segments import api as segments
from siyu.kit.errors import BadInput
from siyu.records.customers import api as customers


class _Base:
    name = ""
    label: Text = ""
    fields: Sequence[Field] = ()

    def validate(self, params: Mapping[str, Any]) -> Mapping[str, Text]:
        """Check the parameters against the fields."""
        return check_fields(self.fields, params)


class HappenedSinceEntry(_Base):
    """A fact of this person has happened since they entered ("has bought")."""

    name = "happened"
    label: Text = _("Has happened since entering")
    fields: Sequence[Field] = (Field("fact", _("Which event"), FieldKind.CHOICE, choices=fact_choices),)

    def holds(self, people: Sequence[Person], params: Mapping[str, Any], *, at: datetime) -> set[int]:
        """One query over the log, through all subjects of each person."""
        subjects = customers.subjects_of({each.customer_id for each in people})
        asked = [
            (each.enrolment_id, subject_id, each.began_at)
            for each in people
            for subject_id in {each.subject_id, *subjects.get(each.customer_id, [])}
        ]
        rows = foundation.fetch(
            f"""SELECT DISTINCT p.run_id
                FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) AS p(run_id, subject_id, since)
                JOIN {facts.LOG_VIEW} f ON f.subject_id = p.subject_id AND f.name = %s
                 AND f.occurred_at > p.since AND f.occurred_at <= %s""",
            [
                foundation.array(run_id for run_id, _subject, _since in asked),
                foundation.array(subject_id for _run, subject_id, _since in asked),
                foundation.array(since for _run, _subject, since in asked),
                params["fact"],
                at,
            ],
        )
        return {int(row[0]) for row in rows}


class HasTag(_Base):
    """The customer carries a tag."""

    name = "tag"
    label: Text = _("Has the tag")
    fields: Sequence[Field] = (Field("tag", _("Tag"), FieldKind.TAG, max_length=30),)

    def holds(self, people: Sequence[Person], params: Mapping[str, Any], *, at: datetime) -> set[int]:
        """As the records stand now."""
        tags = customers.tags_of({each.customer_id for each in people})
        return {each.enrolment_id for each in people if params["tag"] in tags.get(each.customer_id, [])}


class InSegment(_Base):
    """The customer is a member of a segment."""

    name = "segment"
    label: Text = _("Is in the segment")
    fields: Sequence[Field] = (Field("segment_id", _("Segment"), FieldKind.NUMBER, minimum=1),)

    def holds(self, people: Sequence[Person], params: Mapping[str, Any], *, at: datetime) -> set[int]:
        """As membership is known now."""
        members = segments.member_ids(params["segment_id"], [each.customer_id for each in people])
        return {each.enrolment_id for each in people if each.customer_id in members}


class Matches(_Base):
    """The customer fits a rule tree, the same language segments are written in (traits, tags, facts)."""

    name = "rule"
    label: Text = _("Fits a rule")

    def validate(self, params: Mapping[str, Any]) -> Mapping[str, Text]:
        """The tree must be one that a segment could have."""
        if set(params) != {"tree"}:
            return {"tree": _("Give a rule.")}
        try:
            segments.parse_tree(params["tree"])
        except BadInput as error:
            return {"tree": str(error)}
        return {}

    def holds(self, people: Sequence[Person], params: Mapping[str, Any], *, at: datetime) -> set[int]:
        """The segment engine answers, so a rule means the same everywhere."""
        fitting = segments.matching(params["tree"], [each.customer_id for each in people], at=at)
        return {each.enrolment_id for each in people if each.customer_id in fitting}
