"""Whatever the order and however often: the same claims leave the same people, and the facts tell the same map."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siyu.facts import api as facts
from siyu.records.customers import api as customers
from tests.records.people import AT, LEAD, hours, phone, ref, rolled_back, told

pytestmark = pytest.mark.django_db
PEOPLE = range(4)
KINDS = ("phone", "unionid", "external_userid", "openid", "device")
WEAK = ("openid", "device")
Name = tuple[int, str]


@dataclass(frozen=True)
class Doing:
    """identify one, link some of one person, merge a pair of people, or undo that merge."""

    what: str
    person: int
    kinds: tuple[str, ...] = ()


def identity(person: int, kind: str) -> customers.IdentityRef:
    return phone(person) if kind == "phone" else ref(kind, f"{kind[0]}{person}", "r")


doings = st.one_of(
    st.builds(Doing, st.just("identify"), st.sampled_from(PEOPLE), st.tuples(st.sampled_from(KINDS))),
    st.builds(
        Doing,
        st.just("link"),
        st.sampled_from(PEOPLE),
        st.lists(st.sampled_from(KINDS), min_size=2, max_size=3, unique=True).map(tuple),
    ),
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Doing], set[int]]:
    """Doings in random order with repeats, and which of the pairs (0,1) and (2,3) are merged in the end."""
    steps = draw(st.lists(doings, max_size=14))
    steps += draw(st.lists(st.sampled_from(steps), max_size=4)) if steps else []
    merged = set()
    for pair in (0, 2):
        fate = draw(st.sampled_from(["apart", "merged", "undone"]))
        if fate == "apart":
            continue
        places = sorted(draw(st.lists(st.integers(0, len(steps)), min_size=3, max_size=3)), reverse=True)
        if fate == "undone":
            steps.insert(places[0], Doing("undo", pair))
        else:
            merged.add(pair)
        for place in places[1:]:
            steps.insert(place, Doing("merge", pair))
    return steps, merged


def do(step: Doing, merges: dict[int, int]) -> None:
    if step.what == "identify":
        customers.identify([identity(step.person, step.kinds[0])], at=AT, source="test")
    elif step.what == "link":
        customers.link([[identity(step.person, kind) for kind in step.kinds]], at=hours(1), source="test")
    elif step.what == "merge":
        pair = customers.identify([phone(step.person), phone(step.person + 1)], at=AT, source="test")
        kept, other = (one.customer_id or 0 for one in pair)
        if kept != other:
            merges[step.person] = customers.merge(kept, other, at=hours(2), by=LEAD)
    else:
        customers.undo_merge(merges[step.person], at=hours(3), by=LEAD)


def expected(steps: list[Doing], merged: set[int]) -> set[frozenset[Name]]:
    """The people that the claims describe, by plain set arithmetic; nobody is known by weak identities alone."""
    groups = [{(person, kind)} for person in PEOPLE for kind in KINDS]
    claims = [[(step.person, kind) for kind in step.kinds] for step in steps if step.what == "link"]
    claims += [[(pair, "phone"), (pair + 1, "phone")] for pair in merged]
    for claim in claims:
        touched = [group for group in groups if group & set(claim)]
        groups = [group for group in groups if group not in touched] + [set[Name]().union(*touched)]
    return {frozenset(group) for group in groups if any(kind not in WEAK for _person, kind in group)}


def people() -> set[frozenset[Name]]:
    names = [(person, kind) for person in PEOPLE for kind in KINDS]
    found = customers.identify([identity(*name) for name in names], at=hours(4), source="test")
    groups: dict[int, set[Name]] = {}
    for name, one in zip(names, found, strict=True):
        if one.customer_id is not None:
            groups.setdefault(one.customer_id, set()).add(name)
    return {frozenset(group) for group in groups.values()}


def map_told() -> dict[int, int]:
    """Subject → customer as a listener to the facts alone would have it."""
    places: dict[int, int] = {}
    for fact in told("customer.created", "customer.identified", "customer.merged", "customer.unmerged"):
        if fact.name in ("customer.created", "customer.identified"):
            assert fact.subject_id is not None
            places[fact.subject_id] = fact.payload.customer_id
        else:
            target = fact.payload.kept_id if fact.name == "customer.merged" else fact.payload.merged_id
            places.update(dict.fromkeys(fact.payload.subject_ids, target))
    return places


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories())
def test_any_order_leaves_the_same_people(history: tuple[list[Doing], set[int]]) -> None:
    steps, merged = history
    with rolled_back():
        merges: dict[int, int] = {}
        for step in steps:
            do(step, merges)
        assert people() == expected(steps, merged)
        heard = map_told()
        assert customers.customers_of(heard) == heard


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(doings, max_size=14))
def test_one_batch_equals_one_by_one(steps: list[Doing]) -> None:
    groups = [[identity(step.person, kind) for kind in step.kinds] for step in steps]
    with rolled_back():
        answers = customers.link(groups, at=AT, source="test")
        assert [len(answer.subject_ids) for answer in answers] == [len(group) for group in groups]
        assert people() == expected([Doing("link", s.person, s.kinds) for s in steps], set())
        assert customers.link(groups, at=hours(1), source="test") != [] or not groups
        assert all(fact.origin is facts.Origin.LIVE for fact in told("customer.created"))


claims = st.lists(
    st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(KINDS)), min_size=2, max_size=3, unique=True),
    max_size=10,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(claims, st.integers(1, 4))
def test_contradicting_claims_never_merge_in_silence(groups: list[list[Name]], size: int) -> None:
    with rolled_back():
        for start in range(0, len(groups), size):
            batch = groups[start : start + size]
            answers = customers.link(
                [[identity(*name) for name in group] for group in batch], at=AT, source="test"
            )
            for group, answer in zip(batch, answers, strict=True):
                strong = [subject for subject, name in _subjects(group) if name[1] not in WEAK]
                together = set(customers.customers_of(strong).values())
                assert len(together) <= 1 or answer.case_id is not None
        for members in people():
            kinds = [kind for _person, kind in members if kind not in WEAK]
            assert len(kinds) == len(set(kinds)), members
        heard = map_told()
        assert customers.customers_of(heard) == heard


def _subjects(group: list[Name]) -> list[tuple[int, Name]]:
    found = customers.identify([identity(*name) for name in group], at=AT, source="test")
    return [(one.subject_id, name) for one, name in zip(found, group, strict=True)]
