"""Which fact made a card change: asked by whoever records what follows from the change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.cards.contracts import Touch
from siyu.insights.cards.fields import MOVED_BY
from siyu.records.customers import api as customers


def facts_moving(fields: Iterable[str]) -> frozenset[str]:
    """Names of the facts that can move any of these fields of the card."""
    return frozenset(name for field in fields for name in MOVED_BY.get(field, ()))


def find_causes(touch: Touch, customer_ids: Collection[int], names: Collection[str]) -> dict[int, facts.Fact]:
    """Customer → the fact that made the difference, out of facts named ``names``.

    In this batch the last such fact, live ones first, so that history imported at the same time does not
    hide what the customer just did. A card is read from the records, which may be ahead of the batch: then
    the fact is in the log but not in the batch, and is looked up there, so that imported history never
    looks alive because something else happened to be heard first. Only where the log has none either, any
    fact of the batch about the customer. Customers the batch says nothing about are absent.
    """
    causes: dict[int, facts.Fact] = {}
    missing: list[int] = []
    for customer_id in customer_ids:
        about = touch.facts.get(customer_id, ())
        moving = [fact for fact in about if fact.name in names]
        if moving:
            causes[customer_id] = _last(moving)
        elif about:
            missing.append(customer_id)
    logged = _latest_logged(missing, names) if missing and names else {}
    for customer_id in missing:
        causes[customer_id] = logged.get(customer_id) or _last(touch.facts[customer_id])
    return causes


def _last(found: Iterable[facts.Fact]) -> facts.Fact:
    return max(found, key=lambda f: (f.origin is facts.Origin.LIVE, f.tx, f.id))


def _latest_logged(customer_ids: Collection[int], names: Collection[str]) -> Mapping[int, facts.Fact]:
    subjects = customers.subjects_of(customer_ids)
    owner = {subject: customer for customer, ids in subjects.items() for subject in ids}
    rows = foundation.fetch(
        f"SELECT subject_id, max(id) FROM {facts.LOG_VIEW}"
        f" WHERE subject_id = {facts.ANY_OF} AND name = ANY(%s) GROUP BY subject_id",
        [list(owner), sorted(names)],
    )
    newest: dict[int, int] = {}
    for subject, fact_id in rows:
        newest[owner[subject]] = max(fact_id, newest.get(owner[subject], 0))
    found = {f.id: f for f in facts.read(ids=sorted(newest.values()), limit=len(newest))} if newest else {}
    return {customer: found[fact_id] for customer, fact_id in newest.items() if fact_id in found}
