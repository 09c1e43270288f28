"""Members: who, since when, because of what; kept up by facts and by time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.segments import api as segments
from siyu.insights.segments import operations, queries
from siyu.insights.segments import rebuild as rebuilding
from siyu.insights.segments.flips import run_flips
from siyu.insights.segments.models import NextFlip
from siyu.kit.errors import BadInput, Conflict, NotFound
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

from .conftest import START, Brand, names_of, rule, trait

ALL = staff.EVERYTHING


def make(brand: Brand, definition: dict[str, Any], name: str = "S") -> int:
    return segments.create_segment(name, definition, by=foundation.SYSTEM, at=brand.at).id


def inside(brand: Brand, segment_id: int) -> list[str]:
    return names_of(brand, sorted(segments.member_ids(segment_id)))


def flip_of(segment_id: int, customer_id: int) -> datetime | None:
    row = NextFlip.objects.filter(segment_id=segment_id, customer_id=customer_id).first()
    return row.due_at if row else None


VIEWED_TWICE = {"fact": {"name": "page.viewed", "at_least": 2, "days": 7}}


def test_a_trait_moves_people_in_and_out_with_cause(brand: Brand) -> None:
    rich = make(brand, rule(trait("net_total", "at_least", 1_000)))
    ann = brand.person("Ann")
    brand.order(ann, 600)
    brand.drain()
    assert inside(brand, rich) == []
    brand.later(hours=1)
    brand.order(ann, 500, number="B")
    brand.drain()
    assert inside(brand, rich) == ["Ann"]
    entered = brand.facts_named("segment.entered")
    paid = brand.facts_named("order.paid")[-1]
    assert [(f.payload.segment_id, f.payload.cause_fact_id, f.causation_id) for f in entered] == [
        (rich, paid.id, paid.id)
    ]
    assert (entered[0].occurred_at, entered[0].origin) == (brand.at, facts.Origin.LIVE)
    brand.later(hours=1)
    brand.refund("B", 500)
    brand.drain()
    assert inside(brand, rich) == []
    left = brand.facts_named("segment.left")
    assert [f.payload.cause_fact_id for f in left] == [brand.facts_named("order.refunded")[0].id]


def test_history_counts_but_nobody_may_act_on_it(brand: Brand) -> None:
    repeat = make(brand, rule(trait("orders", "at_least", 2)))
    ann, bob = brand.person("Ann"), brand.person("Bob")
    for who in (ann, bob):
        brand.order(who, 100, paid_at=START - timedelta(days=400), origin=facts.Origin.BACKFILL)
    brand.order(ann, 100, paid_at=START - timedelta(days=300), origin=facts.Origin.BACKFILL)
    brand.order(bob, 100)
    brand.drain()
    assert inside(brand, repeat) == ["Ann", "Bob"]
    origins = {
        customers.customers_of([f.subject_id or 0]).popitem()[1]: f.origin
        for f in brand.facts_named("segment.entered")
    }
    assert origins == {ann: facts.Origin.BACKFILL, bob: facts.Origin.LIVE}


def test_records_ahead_of_the_batch_do_not_make_history_look_alive(brand: Brand) -> None:
    """The card is read when the live page view is heard, and the imported order is in the records already."""
    repeat = make(brand, rule(trait("orders", "at_least", 1)))
    ann = brand.person("Ann")
    brand.view_page(brand.subject(ann))
    brand.order(ann, 100, paid_at=START - timedelta(days=300), origin=facts.Origin.BACKFILL)
    brand.drain(batch=1)
    assert inside(brand, repeat) == ["Ann"]
    entered = brand.facts_named("segment.entered")[0]
    assert (entered.origin, entered.causation_id) == (
        facts.Origin.BACKFILL,
        brand.facts_named("order.paid")[0].id,
    )
    assert {f.origin for f in brand.facts_named("stage.changed")} == {facts.Origin.BACKFILL}


def test_a_count_within_days_leaves_by_time_alone(brand: Brand) -> None:
    keen = make(brand, rule(VIEWED_TWICE))
    ann = brand.person("Ann")
    subject = brand.subject(ann)
    brand.view_page(subject, START - timedelta(days=3))
    brand.view_page(subject, START - timedelta(days=1))
    brand.drain()
    assert inside(brand, keen) == ["Ann"]
    assert flip_of(keen, ann) == START + timedelta(days=4)
    assert run_flips(START + timedelta(days=4) - timedelta(seconds=1)) == 0
    brand.later(days=4, hours=2)
    assert run_flips(brand.at) == 1
    assert inside(brand, keen) == []
    left = brand.facts_named("segment.left")[0]
    assert (left.occurred_at, left.payload.cause_fact_id, left.origin) == (
        START + timedelta(days=4),
        0,
        facts.Origin.LIVE,
    )
    assert flip_of(keen, ann) is None
    assert run_flips(brand.at) == 0


def test_not_and_over_days_enter_by_time_alone(brand: Brand) -> None:
    asleep = make(brand, rule(trait("last_order_at", "over_days", 90)), "asleep")
    quiet = make(brand, rule({"not": {"fact": {"name": "order.paid", "days": 30}}}), "quiet")
    ann = brand.person("Ann")
    brand.order(ann, 100)
    brand.drain()
    assert (inside(brand, asleep), inside(brand, quiet)) == ([], [])
    brand.later(days=30)
    run_flips(brand.at)
    assert (inside(brand, asleep), inside(brand, quiet)) == ([], ["Ann"])
    brand.later(days=60)
    run_flips(brand.at)
    assert inside(brand, asleep) == ["Ann"]
    assert segments.memberships(ann, scope=ALL)[0].valid_from == START + timedelta(days=90)
    brand.order(ann, 100)
    brand.drain()
    assert (inside(brand, asleep), inside(brand, quiet)) == ([], [])
    assert flip_of(asleep, ann) == brand.at + timedelta(days=90)


def test_payload_filters_and_tags(brand: Brand) -> None:
    big = make(brand, rule({"fact": {"name": "order.paid", "where": [
        {"field": "amount", "op": "at_least", "value": 300}, {"field": "source", "op": "is", "value": "pos"}]}}), "big")  # fmt: skip
    tagged = make(brand, rule({"tag": {"name": "VIP"}}, {"tag": {"name": "no", "has": False}}), "tagged")
    ann, bob = brand.person("Ann"), brand.person("Bob")
    brand.order(ann, 299)
    brand.order(bob, 300)
    customers.tag([ann, bob], "VIP", at=brand.at, source="test")
    customers.tag([bob], "no", at=brand.at, source="test")
    brand.drain()
    assert (inside(brand, big), inside(brand, tagged)) == (["Bob"], ["Ann"])
    customers.untag([ann], "VIP", at=brand.at, source="test")
    brand.drain()
    assert inside(brand, tagged) == []


def test_segments_on_segments_follow_in_one_pass_and_never_in_a_circle(brand: Brand) -> None:
    ann = brand.person("Ann")
    brand.drain()
    base = make(brand, rule(trait("orders", "at_least", 1)), "base")
    rest = make(brand, rule({"not": {"segment": {"id": base}}}), "rest")
    again = make(brand, rule({"segment": {"id": rest}}, trait("friend_count", "is", 0)), "again")
    assert [inside(brand, s) for s in (base, rest, again)] == [[], ["Ann"], ["Ann"]]
    brand.order(ann, 1)
    brand.drain()
    assert [inside(brand, s) for s in (base, rest, again)] == [["Ann"], [], []]
    with pytest.raises(BadInput):
        segments.update_segment(
            base, by=foundation.SYSTEM, at=brand.at, definition=rule({"segment": {"id": again}})
        )
    with pytest.raises(Conflict):
        segments.archive_segment(base, by=foundation.SYSTEM, at=brand.at)
    with pytest.raises(BadInput):
        make(brand, rule({"segment": {"id": 99_999}}), "nobody")
    assert segments.get_segment(base).version == 1
    assert [s.name for s in segments.segments()] == ["again", "base", "rest"]
    segments.update_segment(
        base, by=foundation.SYSTEM, at=brand.at, definition=rule(trait("orders", "at_least", 2))
    )
    assert [inside(brand, s) for s in (base, rest, again)] == [[], ["Ann"], ["Ann"]]


def test_late_identification_brings_the_past_along(brand: Brand) -> None:
    keen = make(brand, rule(VIEWED_TWICE))
    ann = brand.person("Ann")
    unknown = customers.identify([customers.IdentityRef("device", "d1")], at=brand.at, source="test")[0]
    assert unknown.customer_id is None
    brand.view_page(unknown.subject_id)
    brand.view_page(brand.subject(ann))
    brand.drain()
    assert inside(brand, keen) == []
    customers.link(
        [[customers.IdentityRef("device", "d1"), customers.IdentityRef("phone", "13800000001")]],
        at=brand.at,
        source="t",
    )
    brand.drain()
    assert inside(brand, keen) == ["Ann"]


def test_a_merge_and_its_undoing_move_membership(brand: Brand) -> None:
    keen = make(brand, rule(VIEWED_TWICE))
    one, two = brand.person("One"), brand.person("Two")
    brand.view_page(brand.subject(one))
    brand.view_page(brand.subject(two))
    brand.view_page(brand.subject(two))
    brand.drain()
    assert inside(brand, keen) == ["Two"]
    merge_id = customers.merge(one, two, at=brand.at, by=foundation.SYSTEM)
    brand.drain()
    assert inside(brand, keen) == ["One"]
    customers.undo_merge(merge_id, at=brand.at, by=foundation.SYSTEM)
    brand.drain()
    assert inside(brand, keen) == ["Two"]
    assert [r.entered + r.left for r in segments.rebuild(at=brand.at)] == [0]


def test_a_batch_that_waited_while_time_moved_somebody_is_handled_all_the_same(brand: Brand) -> None:
    """Its moment was taken before it waited for the flips to be written: by then it lies before theirs."""
    quiet = make(brand, rule(trait("last_order_at", "over_days", 30)))
    ann = brand.person("Ann")
    brand.order(ann, 100)
    brand.drain()
    brand.later(days=30)
    assert run_flips(brand.at + timedelta(seconds=1)) == 1
    assert inside(brand, quiet) == ["Ann"]
    brand.order(ann, 100)
    brand.drain()
    assert inside(brand, quiet) == []
    assert [fact.name for fact in brand.facts_named("segment.entered", "segment.left")] == [
        "segment.entered",
        "segment.left",
    ]


def test_membership_tells_what_was_true_and_what_was_known(brand: Brand) -> None:
    repeat = make(brand, rule(trait("orders", "at_least", 2)))
    ann = brand.person("Ann")
    brand.order(ann, 100)
    brand.later(days=10)
    brand.order(ann, 100, paid_at=START + timedelta(days=2), number="late")  # known eight days late
    brand.drain()

    def members_then(true_day: float, known_day: float) -> list[int]:
        found = segments.memberships(
            ann,
            scope=ALL,
            true_at=START + timedelta(days=true_day),
            known_at=START + timedelta(days=known_day),
        )
        return [m.segment_id for m in found]

    assert members_then(5, 11) == [repeat]
    assert members_then(5, 9) == []
    assert members_then(1, 11) == []
    brand.later(days=10)
    brand.refund("late", 100)
    brand.drain()
    assert inside(brand, repeat) == ["Ann"]  # a refunded order was still an order


def test_leaving_before_entering_leaves_no_period_of_truth(brand: Brand) -> None:
    none = make(brand, rule({"not": {"fact": {"name": "page.viewed"}}}))
    ann = brand.person("Ann")
    brand.drain()
    assert inside(brand, none) == ["Ann"]
    brand.later(days=1)
    brand.view_page(brand.subject(ann), START - timedelta(days=5))
    brand.drain()
    assert inside(brand, none) == []
    rows = foundation.fetch("SELECT valid_from, valid_to, known_to FROM insights_segments_membership")
    assert rows == [(START, None, brand.at)]


def test_explain_names_conditions_values_and_facts(brand: Brand) -> None:
    definition = {"version": 1, "root": {"all": [
        trait("orders", "at_least", 1), {"any": [{"tag": {"name": "VIP"}}, VIEWED_TWICE]},
        {"not": trait("last_order_at", "over_days", 90)}]}}  # fmt: skip
    segment = make(brand, definition)
    ann = brand.person("Ann")
    brand.order(ann, 100)
    brand.view_page(brand.subject(ann))
    brand.later(minutes=5)
    second = brand.view_page(brand.subject(ann))
    brand.drain()
    why = segments.explain(segment, ann, scope=ALL, at=brand.at)
    assert (why.member, why.since, why.root.holds) == (True, brand.at, True)
    assert why.cause is not None and why.cause.id == second.id
    orders, either, awake = why.root.children
    assert (orders.holds, orders.value, orders.fact_id) == (True, "1", brand.facts_named("order.paid")[0].id)
    assert (either.holds, [c.holds for c in either.children]) == (True, [False, True])
    assert (either.children[1].value, either.children[1].fact_id) == (
        "2",
        brand.facts_named("page.viewed")[0].id,
    )
    assert (awake.holds, awake.children[0].holds) == (True, False)
    assert why.next_flip_at == START + timedelta(days=7)
    outside = staff.Scope(employee_ids=frozenset({5}))
    with pytest.raises(NotFound):
        segments.explain(segment, ann, scope=outside, at=brand.at)
    with pytest.raises(NotFound):
        segments.memberships(ann, scope=outside)


def test_preview_counts_in_scope_and_changes_nothing(brand: Brand) -> None:
    employees = brand.staff("lin")
    people = [brand.person(n) for n in "abc"]
    for who in people[:2]:
        brand.order(who, 100)
    customers.assign([people[0]], employees["lin"], at=brand.at, reason="t")
    brand.drain()
    bought = rule(trait("orders", "at_least", 1))
    found = segments.preview_count(bought, scope=ALL, at=brand.at)
    assert (found.count, found.total, sorted(found.sample)) == (2, 3, people[:2])
    lin = staff.Scope(employee_ids=frozenset(employees.values()))
    assert segments.preview_count(bought, scope=lin, at=brand.at).count == 1
    assert segments.matching(bought, people, at=brand.at) == frozenset(people[:2])
    with pytest.raises(BadInput):
        segments.preview_count(rule({"fact": {"name": "no.such"}}), scope=ALL, at=brand.at)
    with pytest.raises(BadInput):
        segments.preview_count(
            rule({"fact": {"name": "order.paid", "where": [{"field": "nope", "op": "is", "value": 1}]}}),
            scope=ALL,
            at=brand.at,
        )
    assert segments.segments() == []
    created = make(brand, bought)
    assert segments.get_segment(created, scope=lin).members == 1
    assert [c.name for c in segments.members(created, scope=ALL, at=brand.at, sort="created_at").items] == [
        "a",
        "b",
    ]
    assert [c.name for c in segments.members(created, scope=lin, at=brand.at).items] == ["a"]


def test_a_new_definition_moves_people_without_facts(brand: Brand) -> None:
    ann = brand.person("Ann")
    brand.drain()
    segment = make(brand, rule(trait("orders", "is", 0)))
    assert inside(brand, segment) == ["Ann"]
    changed = segments.update_segment(
        segment,
        by=foundation.SYSTEM,
        at=brand.at,
        name=" New  name ",
        definition=rule(trait("orders", "at_least", 1)),
    )
    assert (changed.version, changed.name, changed.members, changed.state) == (
        2,
        "New name",
        0,
        segments.BuildState.READY,
    )
    assert brand.facts_named("segment.entered", "segment.left") == []
    with pytest.raises(Conflict):
        make(brand, rule(trait("orders", "is", 0)), "New name")
    segments.archive_segment(segment, by=foundation.SYSTEM, at=brand.at)
    brand.order(ann, 1)
    brand.drain()
    assert segments.member_ids(segment) == frozenset()
    assert segments.segments() == []


def test_a_build_that_fails_says_so_and_keeps_the_members(brand: Brand) -> None:
    brand.person("Ann")
    brand.drain()
    segment = make(brand, rule(trait("orders", "is", 0)))
    foundation.execute("UPDATE insights_segments_segmentversion SET definition = jsonb_set(definition, '{root}',"
                       " '{\"custom\": {\"name\": \"gone\", \"params\": {}}}')")  # fmt: skip
    report = segments.rebuild(segment, at=brand.at)[0]
    assert "gone" in report.error
    view = segments.get_segment(segment)
    assert (view.state, view.members) == (segments.BuildState.FAILED, 1)
    assert "gone" in view.error


def test_rebuild_mends_members_and_says_how_many(brand: Brand) -> None:
    people = [brand.person(n) for n in "abc"]
    brand.drain()
    segment = make(brand, rule(trait("created_at", "within_days", 7)))
    foundation.execute("DELETE FROM insights_segments_membership WHERE customer_id = %s", [people[0]])
    foundation.execute("DELETE FROM insights_segments_nextflip WHERE customer_id = %s", [people[1]])
    report = segments.rebuild(at=brand.at)[0]
    assert (report.members, report.entered, report.left, report.error) == (3, 1, 0, "")
    assert flip_of(segment, people[1]) == START + timedelta(days=7)


def test_a_card_refreshed_or_rebuilt_out_of_turn_still_moves_its_segments(brand: Brand) -> None:
    bought = make(brand, rule(trait("orders", "at_least", 1)))
    ann, bob = brand.person("Ann"), brand.person("Bob")
    brand.drain()
    brand.order(ann, 100)
    cards.refresh([ann], at=brand.at)
    brand.drain()
    assert (inside(brand, bought), brand.card(ann).stage) == (["Ann"], "new")
    assert brand.facts_named("segment.entered")[-1].origin is facts.Origin.LIVE
    brand.order(bob, 100)
    cards.rebuild(at=brand.at)
    assert (inside(brand, bought), brand.card(bob).stage) == (["Ann", "Bob"], "new")


def test_the_defaults_are_installed_once(brand: Brand) -> None:
    employee = brand.staff("lin")["lin"]
    new, old, friend = brand.person("new"), brand.person("old"), brand.person("friend")
    brand.order(old, 100, paid_at=START - timedelta(days=200))
    brand.order(old, 100, paid_at=START - timedelta(days=100))
    brand.befriend(friend, employee)
    brand.drain()
    made = segments.install_defaults(at=brand.at)
    assert {s.key: inside(brand, s.id) for s in made} == {
        "new_7d": ["friend", "new"],
        "asleep_90d": ["old"],
        "high_value": [],
        "repeat_buyers": ["old"],
        "friends_not_bought": ["friend"],
    }
    assert segments.install_defaults(at=brand.at) == []
    assert new


def test_a_large_brand_is_built_in_parts_by_a_job_and_whoever_moves_meanwhile_moves_quietly(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [brand.person(f"P{n}") for n in range(11)]
    brand.drain()
    monkeypatch.setattr(operations, "LARGE", 5)
    monkeypatch.setattr(rebuilding, "PART", 3)
    monkeypatch.setattr(rebuilding, "PART_WITH_FACTS", 2)
    bought = make(brand, rule(trait("orders", "at_least", 1)))
    unlike = make(brand, rule({"segment": {"id": bought, "member": False}}), name="unlike")
    viewed = make(brand, rule({"fact": {"name": "page.viewed", "at_least": 1}}), name="viewed")
    assert segments.get_segment(bought).state is segments.BuildState.PENDING
    brand.order(people[4], 100)
    brand.view_page(brand.subject(people[7]))
    brand.drain()  # before any build: who is touched is judged already, and nobody may act on it
    assert {f.origin for f in brand.facts_named("segment.entered")} == {facts.Origin.BACKFILL}
    told: list[int] = []
    assert segments.rebuild(bought, at=brand.at, told=told.append)[0].members == 1
    assert told == [3, 6, 9, 12]
    assert foundation.run_due_jobs(at=brand.at, only=["segments.rebuild"]) == 3
    views = {one.id: one for one in segments.segments()}
    assert {one.state for one in views.values()} == {segments.BuildState.READY}
    assert [views[k].members for k in (bought, unlike, viewed)] == [1, 10, 1]
    assert [(r.entered, r.left) for r in segments.rebuild(at=brand.at)] == [(0, 0)] * 3
    brand.order(people[5], 100)
    brand.drain()
    assert brand.facts_named("segment.entered")[-1].origin is facts.Origin.LIVE
    segments.update_segment(
        bought, definition=rule(trait("orders", "is", 0)), by=foundation.SYSTEM, at=brand.at
    )
    assert {one.id: one.state for one in segments.segments()} == {
        bought: segments.BuildState.PENDING, unlike: segments.BuildState.READY, viewed: segments.BuildState.READY
    }  # fmt: skip
    assert foundation.run_due_jobs(at=brand.at, only=["segments.rebuild"]) == 1
    assert [one.members for one in sorted(segments.segments(), key=lambda one: one.id)] == [9, 2, 1]


def test_a_definition_changed_during_its_build_also_reaches_the_segments_made_meanwhile(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [brand.person(f"P{n}") for n in range(6)]
    brand.order(people[0], 100)
    brand.drain()
    bought = make(brand, rule(trait("orders", "at_least", 1)))
    monkeypatch.setattr(operations, "LARGE", 5)
    change: dict[str, Any] = {"by": foundation.SYSTEM, "at": brand.at}
    segments.update_segment(bought, definition=rule(trait("orders", "at_least", 2)), **change)
    made: list[int] = []

    def meanwhile(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "progress_done" in sql and not made:  # everybody is judged by the second definition
            made.append(0)
            same = rule({"segment": {"id": bought, "member": True}})
            made[0] = segments.create_segment("same", same, at_once=True, **change).id
            segments.update_segment(bought, definition=rule(trait("orders", "is", 0)), **change)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(meanwhile):
        foundation.run_due_jobs(at=brand.at, only=["segments.rebuild"])
    foundation.run_due_jobs(at=brand.at, only=["segments.rebuild"])
    assert {one.id: one.members for one in segments.segments()} == {bought: 5, made[0]: 5}
    assert {one.state for one in segments.segments()} == {segments.BuildState.READY}
    assert [(r.entered, r.left) for r in segments.rebuild(at=brand.at)] == [(0, 0)] * 2


def test_a_large_brands_condition_on_facts_is_counted_over_a_sample(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [brand.person(f"P{n}") for n in range(60)]
    for who in people[:30]:
        brand.view_page(brand.subject(who))
    brand.drain()
    viewed = rule({"fact": {"name": "page.viewed", "at_least": 1}})
    exact = segments.preview_count(viewed, scope=ALL, at=brand.at)
    assert (exact.count, exact.total, exact.judged, len(exact.sample)) == (30, 60, 0, 5)
    monkeypatch.setattr(queries, "LARGE", 10)
    monkeypatch.setattr(queries, "JUDGED", 20)
    found = segments.preview_count(viewed, scope=ALL, at=brand.at)
    assert found.total == 60 and 5 < found.judged < 45
    held = sum(1 for one in queries._chosen(cards.scope_fragment(ALL), 3) if one in people[:30])
    assert found.count == round(60 * held / found.judged)
    assert set(found.sample) <= set(people[:30])
    bought = rule(trait("orders", "is", 0))  # no facts to look into: everybody is judged
    assert segments.preview_count(bought, scope=ALL, at=brand.at).judged == 0
    assert segments.preview_count(viewed, scope=staff.NOTHING, at=brand.at) == segments.Preview(0, 0, ())
