"""Attribution: which code a friendship came through, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence

from siyu.decisions.acquisition.contracts import ChannelAttributed
from siyu.decisions.acquisition.models import Arrival, LiveCode, Loss
from siyu.facts import api as facts
from siyu.records.customers import api as customers

SOURCE = "decisions_acquisition"


def attribute(batch: Sequence[facts.Fact], context: facts.HandleContext) -> None:
    """Keep arrivals and losses; tag and assign those who arrived.

    Right in any order and however often a fact comes: rows are keyed by the fact, tags and
    assignments repeat without effect. A customer who has a 专属导购 keeps that one.
    """
    added = [fact for fact in batch if fact.name == "contact.added" and fact.subject_id is not None]
    ended = [fact for fact in batch if fact.name == "contact.ended" and fact.subject_id is not None]
    Loss.objects.bulk_create(
        [
            Loss(
                fact_id=fact.id, subject_id=fact.subject_id or 0, employee_id=fact.payload.employee_id,
                ended_by=fact.payload.ended_by, at=fact.occurred_at,
            )
            for fact in ended
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    if not added:
        return
    states = {fact.payload.state for fact in added if fact.payload.state}
    by_state = {code.state: code for code in LiveCode.objects.filter(state__in=states)}
    Arrival.objects.bulk_create(
        [_arrival(fact, by_state.get(fact.payload.state)) for fact in added], ignore_conflicts=True
    )
    owners = customers.customers_of({fact.subject_id for fact in added if fact.subject_id is not None})
    for origin in facts.Origin:
        part = [fact for fact in added if fact.origin is origin]
        _assign(part, owners, origin, context)
        _tag(part, by_state, owners, origin, context)
    _record(added, by_state, context)


def _arrival(fact: facts.Fact, code: LiveCode | None) -> Arrival:
    way = str(fact.payload.add_way or "")
    return Arrival(
        fact_id=fact.id,
        subject_id=fact.subject_id or 0,  # never None here
        employee_id=fact.payload.employee_id,
        code_id=code.pk if code else None,
        state=str(fact.payload.state or "")[:64],
        add_way=int(way) if way.isdigit() else 0,
        at=fact.occurred_at,
    )


def _assign(
    added: Sequence[facts.Fact],
    owners: dict[int, int],
    origin: facts.Origin,
    context: facts.HandleContext,
) -> None:
    first: dict[int, facts.Fact] = {}
    for fact in sorted(added, key=lambda item: (item.occurred_at, item.id)):
        owner = owners.get(fact.subject_id or 0)
        if owner is not None:
            first.setdefault(owner, fact)
    specs = [
        customers.AssignSpec(customer_id, fact.payload.employee_id)
        for customer_id, fact in sorted(first.items())
    ]
    if specs:
        customers.assign_many(
            specs, at=context.at, reason="contact.added", only_unassigned=True, origin=origin, cause=first
        )


def _tag(
    added: Sequence[facts.Fact],
    by_state: dict[str, LiveCode],
    owners: dict[int, int],
    origin: facts.Origin,
    context: facts.HandleContext,
) -> None:
    tagged: dict[str, dict[int, facts.Fact]] = {}
    for fact in added:
        code, owner = by_state.get(fact.payload.state), owners.get(fact.subject_id or 0)
        if code is not None and owner is not None:
            for name in code.tags:
                tagged.setdefault(name, {})[owner] = fact
    for name in sorted(tagged):
        causes = tagged[name]
        customers.tag(sorted(causes), name, at=context.at, source=SOURCE, origin=origin, cause=causes)


def _record(added: Sequence[facts.Fact], by_state: dict[str, LiveCode], context: facts.HandleContext) -> None:
    facts.record(
        [
            facts.NewFact(
                name="channel.attributed",
                payload=ChannelAttributed(code.pk, code.name, fact.payload.employee_id),
                occurred_at=fact.occurred_at,
                subject_id=fact.subject_id or 0,  # never None here
                source=SOURCE,
                external_id=f"contact:{fact.id}:attributed",
                cause=fact,
            )
            for fact in added
            if (code := by_state.get(fact.payload.state)) is not None
        ],
        at=context.at,
    )
