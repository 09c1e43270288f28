"""One subscription carries every fact about a person through cards, scores and segments.

Cards, scores and members move together in the transaction that advances one cursor, so that nobody
sees a segment judged by an older card.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from siyu.facts import api as facts
from siyu.insights.cards.contracts import Touch
from siyu.insights.cards.fields import MOVES
from siyu.insights.cards.heard import IDENTITY_FACTS, OWN, REFRESHING
from siyu.insights.cards.operations import ALL_FIELDS, hold_insights, notify, refresh
from siyu.records.customers import api as customers


def handle(batch: Sequence[facts.Fact], context: facts.HandleContext) -> None:
    """Refresh the cards that the batch touches, then let scoring and segments look at those customers."""
    hold_insights()
    owners = customers.customers_of({f.subject_id for f in batch if f.subject_id is not None})
    about: dict[int, list[facts.Fact]] = defaultdict(list)
    stale: set[int] = set()
    shaken: set[int] = set()
    for fact in batch:
        concerned = _concerned(fact, owners)
        for customer_id in concerned:
            about[customer_id].append(fact)
        if fact.name in REFRESHING:
            stale |= concerned
        if fact.name in IDENTITY_FACTS:
            shaken |= concerned
    touch = refresh(sorted(stale), at=context.at) if stale else Touch((), {}, frozenset(), {})
    changed = dict(touch.changed)
    for customer_id, told in about.items():
        # whoever refreshed this card before us (a rebuild, another batch) told nobody what follows from it
        moved = frozenset(field for fact in told for field in MOVES.get(fact.name, ()))
        if moved and customer_id not in touch.removed:
            changed[customer_id] = changed.get(customer_id, frozenset()) | moved
    for customer_id in shaken - touch.removed:
        # other subjects count for this person now: every fact of theirs may be new to the segments
        changed[customer_id] = changed.get(customer_id, frozenset()) | ALL_FIELDS
    people = tuple(sorted(about.keys() | stale))
    about_each = {k: tuple(v) for k, v in about.items()}
    notify(Touch(people, changed, touch.removed, about_each, frozenset(shaken)), at=context.at)


def _concerned(fact: facts.Fact, owners: Mapping[int, int]) -> set[int]:
    named: Iterable[int | None] = ()
    if fact.name in ("customer.merged", "customer.unmerged"):
        named = (fact.payload.kept_id, fact.payload.merged_id)
    elif fact.name.startswith("customer."):
        named = (getattr(fact.payload, "customer_id", None),)
    people = {customer_id for customer_id in named if customer_id is not None}
    if fact.subject_id is not None and fact.subject_id in owners:
        people.add(owners[fact.subject_id])
    return people


# Discovery imports subscribers when the catalogue is filled: rule trees may count any fact there is.
HEARD = frozenset(name for name, _type in facts.CATALOGUE.items()) - OWN
SUBSCRIPTIONS = (facts.Subscription("insights", HEARD, handle, backfill=True, batch=1_000, apart=True),)
