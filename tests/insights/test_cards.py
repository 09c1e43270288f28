"""One wide row per customer: exact after every change, searchable, filtered, in scope, in few queries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from siyu.decisions.acquisition import api as acquisition
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.kit.errors import BadInput, NotFound
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

from .conftest import START, Brand

BY = foundation.SYSTEM
ALL = staff.EVERYTHING


def listed(brand: Brand, **query: object) -> list[str]:
    filters = query.pop("filters", ())
    scope = query.pop("scope", ALL)
    page = cards.list_cards(scope, filters, at=brand.at, **query)  # type: ignore[arg-type]
    assert page.total == len(page.items)
    return [card.name for card in page.items]


def test_a_card_carries_what_records_know(brand: Brand) -> None:
    lin = brand.staff("lin")["lin"]
    wang = brand.person("王芳", "13800004145")
    brand.befriend(wang, lin, state="code7")
    customers.assign([wang], lin, at=brand.at, reason="test")
    customers.tag([wang], "VIP", at=brand.at, source="test")
    brand.order(wang, 10_000, number="A")
    brand.later(days=1)
    brand.order(wang, 2_500)
    brand.refund("A", 4_000)
    brand.drain()
    card = brand.card(wang)
    assert (card.name, card.phone_masked, card.tags, card.channel) == (
        "王芳",
        "138****4145",
        ("VIP",),
        "code7",
    )
    assert (card.employee_id, card.employee_name, card.unit_name, card.friend_count) == (
        lin,
        "Lin",
        "store lin",
        1,
    )
    assert (card.orders, card.spent_total, card.refunded_total, card.net_total) == (2, 12_500, 4_000, 8_500)
    assert (card.first_order_at, card.last_order_at) == (START, START + timedelta(days=1))
    assert (card.last_active_at, card.created_at) == (START + timedelta(days=1), START)
    assert (card.stage, card.stage_since, card.r) == ("new", START, None)


def test_a_card_names_the_code_also_where_the_attribution_is_heard_alone(brand: Brand) -> None:
    """Attribution and insights run beside each other: whichever comes first, the card is the same."""
    lin = brand.staff("lin")["lin"]
    wang = brand.person("王芳")
    customers.assign([wang], lin, at=brand.at, reason="test")
    code = acquisition.create_code("门店海报", [lin], at=brand.at, by=BY)
    brand.befriend(wang, lin, state=code.state)
    brand.drain()
    attribution = facts.SUBSCRIPTIONS.get("acquisition.attribution")
    attribution.handle(brand.facts_named("contact.added"), facts.HandleContext(brand.at, attribution.name))
    brand.drain()
    assert brand.card(wang).channel == "门店海报"
    assert cards.rebuild(at=brand.at) == 0


def test_merge_and_undo_move_everything_at_once(brand: Brand) -> None:
    one, two = brand.person("One"), brand.person("Two")
    brand.order(one, 100)
    brand.later(hours=1)
    brand.order(two, 23)
    customers.tag([two], "late", at=brand.at, source="test")
    brand.drain()
    merge_id = customers.merge(one, two, at=brand.at, by=BY)
    brand.drain()
    kept = brand.card(one)
    assert (kept.orders, kept.net_total, kept.tags) == (2, 123, ("late",))
    with pytest.raises(NotFound):
        brand.card(two)
    customers.undo_merge(merge_id, at=brand.at, by=BY)
    brand.drain()
    assert (brand.card(one).orders, brand.card(one).net_total, brand.card(one).tags) == (1, 100, ())
    assert (brand.card(two).orders, brand.card(two).net_total, brand.card(two).tags) == (1, 23, ("late",))
    assert cards.rebuild(at=brand.at) == 0


def test_an_erased_customer_has_no_card(brand: Brand) -> None:
    one = brand.person("One")
    brand.drain()
    customers.erase_customer(one, at=brand.at, by=BY, scope=ALL)
    brand.drain()
    assert cards.cards_by_id([one], at=brand.at) == {}
    assert listed(brand, search="One") == []


def test_rebuild_mends_what_differs_and_says_how_much(brand: Brand) -> None:
    one, two = brand.person("One"), brand.person("Two")
    brand.drain()
    foundation.execute("UPDATE insights_cards_card SET net_total = 99 WHERE customer_id = %s", [one])
    foundation.execute("DELETE FROM insights_cards_card WHERE customer_id = %s", [two])
    foundation.execute("INSERT INTO insights_cards_card (customer_id, name, avatar, phone_masked, friend_count,"
                       " tags, channel, orders, spent_total, refunded_total, net_total, points_balance, created_at,"
                       " stage) VALUES (999, 'ghost', '', '', 0, '{}', '', 0, 0, 0, 0, 0, now(), '')")  # fmt: skip
    assert cards.rebuild(at=brand.at) == 3
    assert brand.card(one).net_total == 0
    assert brand.card(two).name == "Two"
    assert cards.cards_by_id([999], at=brand.at) == {}
    assert cards.rebuild(at=brand.at) == 0


def test_search_by_part_of_a_name_tail_and_whole_phone(brand: Brand) -> None:
    brand.person("王小芳", "13800004145")
    brand.person("李四 Ann", "13900001234")
    brand.person("Anna Wang", "13700004145")
    brand.drain()
    assert listed(brand, search="小芳") == ["王小芳"]
    assert listed(brand, search="王") == ["王小芳"]
    assert listed(brand, search="ann", sort="created_at") == ["李四 Ann", "Anna Wang"]
    assert listed(brand, search="四 A") == ["李四 Ann"]
    assert listed(brand, search="na wang") == ["Anna Wang"]
    assert listed(brand, search="anwa") == []
    assert listed(brand, search="4145", sort="created_at") == ["王小芳", "Anna Wang"]
    assert listed(brand, search="139 0000 1234") == ["李四 Ann"]
    assert listed(brand, search="13900009999") == []
    assert listed(brand, search="' OR 1=1 --") == []
    assert listed(brand, search="100%") == []


def test_a_search_that_finds_many_lists_and_counts_the_same(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("王芳", "王 芳芳", "李芳", "Fang Wang", "Wang Fang"):
        brand.person(name)
    customers.tag([brand.person("王伟")], "x", at=brand.at, source="test")
    brand.drain()
    for text, count in (("王", 3), ("王芳", 2), ("wang", 2), ("angf", 1), ("芳", 3), ("0003", 1)):
        few = sorted(listed(brand, search=text))
        assert len(few) == count, text
        with monkeypatch.context() as patch:
            patch.setattr("siyu.insights.cards.listing.RARE", 0)
            assert sorted(listed(brand, search=text)) == few
            assert listed(brand, filters=[cards.parse_filter("tags", "has", "x")]) == ["王伟"]


def test_filters_and_sorts(brand: Brand) -> None:
    a, b, c = (brand.person(n) for n in "abc")
    brand.order(a, 500)
    brand.order(b, 1_500, paid_at=brand.at - timedelta(days=40))
    customers.tag([b, c], "x", at=brand.at, source="test")
    brand.drain()

    def by(field: str, op: str, value: object = None) -> list[str]:
        return listed(brand, filters=[cards.parse_filter(field, op, value)], sort="created_at")

    assert by("net_total", "at_least", "5") == ["a", "b"]
    assert by("net_total", "at_least", 501) == ["b"]
    assert by("last_order_at", "within_days", 30) == ["a"]
    assert by("last_order_at", "over_days", "30") == ["b"]
    assert by("last_order_at", "empty") == ["c"]
    assert by("tags", "has", "x") == ["b", "c"]
    assert by("tags", "has_not", "x") == ["a"]
    assert by("stage", "one_of", "new,prospect") == ["a", "c"]
    assert by("stage", "none_of", ["new", "prospect"]) == ["b"]
    assert by("employee_id", "is_not", 5) == ["a", "b", "c"]
    assert by("name", "contains", "B") == ["b"]
    assert by("last_order_at", "before", "2026-03-01") == ["b"]
    assert listed(brand, sort="-net_total") == ["b", "a", "c"]
    assert listed(brand, sort="-last_order_at") == ["a", "b", "c"]
    assert listed(brand, sort="last_order_at") == ["c", "b", "a"]
    first = cards.list_cards(ALL, (), "created_at", 2, at=brand.at, size=2)
    assert ([card.name for card in first.items], first.total, first.pages) == (["c"], 3, 2)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "op", "value"),
    [
        ("password", "is", "x"),
        ("net_total", "contains", "x"),
        ("net_total", "at_least", "1.234"),
        ("orders", "at_least", "many"),
        ("orders", "at_least", True),
        ("orders", "at_least", 10**16),
        ("last_order_at", "within_days", -1),
        ("last_order_at", "before", "tomorrow"),
        ("stage", "is", "rich"),
        ("stage", "one_of", ""),
        ("tags", "has", "a\0b"),
        ("name", "is", "x" * 201),
        ("name; DROP TABLE x", "is", "x"),
    ],
)
def test_a_bad_condition_is_refused(field: str, op: str, value: object) -> None:
    with pytest.raises(BadInput) as refused:
        cards.parse_filter(field, op, value)
    assert str(refused.value)


def test_bad_sort_and_deep_pages_are_refused(brand: Brand) -> None:
    for query in ({"sort": "avatar"}, {"sort": "net_total; --"}, {"page": 0}, {"page": 201}):
        with pytest.raises(BadInput):
            cards.list_cards(ALL, at=brand.at, **query)  # type: ignore[arg-type]


def test_scope_holds_in_list_and_single(brand: Brand) -> None:
    employees = brand.staff("lin", "zhao")
    mine, theirs, nobodys = (brand.person(n) for n in ("mine", "theirs", "nobodys"))
    customers.assign([mine], employees["lin"], at=brand.at, reason="test")
    brand.befriend(theirs, employees["zhao"])
    brand.drain()
    lin = staff.Scope(employee_ids=frozenset({employees["lin"]}))
    zhao = staff.Scope(employee_ids=frozenset({employees["zhao"]}))
    assert listed(brand, scope=lin) == ["mine"]
    assert listed(brand, scope=zhao) == ["theirs"]
    assert listed(brand, scope=staff.NOTHING) == []
    assert cards.get_card(mine, scope=lin, at=brand.at).name == "mine"
    for hidden in (theirs, nobodys, 12345):
        with pytest.raises(NotFound):
            cards.get_card(hidden, scope=lin, at=brand.at)
    assert list(cards.cards_by_id([mine, theirs], at=brand.at, scope=zhao)) == [theirs]


def test_a_list_costs_the_same_queries_for_any_size(brand: Brand) -> None:
    lin = brand.staff("lin")["lin"]

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            cards.list_cards(ALL, [cards.parse_filter("orders", "at_least", 0)], at=brand.at, search="P")
        return len(queries)

    customers.assign([brand.person("P 0")], lin, at=brand.at, reason="test")
    brand.drain()
    one = cost()
    people = [brand.person(f"P {n}") for n in range(1, 30)]
    customers.assign(people, lin, at=brand.at, reason="test")
    brand.drain()
    assert cost() == one <= 5


@pytest.mark.parametrize("many", [0, 1, 10_000])
def test_a_large_brands_list_is_the_same_list_whichever_way_it_is_found(
    brand: Brand, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    employees = brand.staff("lin", "zhao")
    people = [brand.person(f"王{n}") for n in range(40)]
    for number, who in enumerate(people):
        if number % 2:
            customers.assign([who], employees["lin"], at=brand.at, reason="test")
        if number % 3 == 0:
            brand.befriend(who, employees["zhao"])
        if number % 4 == 0:
            customers.tag([who], "x", at=brand.at, source="test")
        brand.order(who, 100 * (number % 7 + 1))
    brand.drain()
    lin = staff.Scope(employee_ids=frozenset({employees["lin"]}))
    both = staff.Scope(employee_ids=frozenset(employees.values()))
    tagged = cards.parse_filter("tags", "has", "x")
    asked: list[tuple[staff.Scope, list[cards.CardFilter], str, str]] = [
        (ALL, [tagged], "-net_total", ""),
        (ALL, [cards.parse_filter("net_total", "at_least", 300)], "net_total", ""),
        (ALL, [], "-created_at", "王1"),
        (lin, [], "-net_total", ""),
        (both, [tagged], "orders", "王"),
        (both, [cards.parse_filter("stage", "is", "new")], "-last_order_at", ""),
        (both, [cards.parse_filter("stage", "is", "new")], "last_order_at", ""),
    ]

    def pages() -> list[list[int]]:
        return [
            [c.customer_id for n in (1, 2, 3) for c in cards.list_cards(
                scope, filters, sort, n, at=brand.at, size=5, search=search).items]
            for scope, filters, sort, search in asked
        ]  # fmt: skip

    def whole(limit: int = 1_000) -> list[list[int]]:
        return [
            list(cards.list_ids(scope, filters, sort, at=brand.at, limit=limit, search=search))
            for scope, filters, sort, search in asked
        ]

    usual = pages()
    assert [ids[:15] for ids in whole()] == usual
    assert whole(7) == [ids[:7] for ids in usual]
    assert [len(one) for one in usual] == [10, 15, 11, 15, 4, 15, 15]
    for name, value in (
        ("LARGE", 1),
        ("RARE", 1),
        ("SOME", 1),
        ("FEW", 1),
        ("SOME_PAIRS", 1),
        ("MANY", many),
    ):
        monkeypatch.setattr(f"siyu.insights.cards.listing.{name}", value)
    monkeypatch.setattr("siyu.insights.cards.listing.SAMPLED", "TRUE")
    assert pages() == usual
    assert whole(15) == usual
    total = cards.list_cards(ALL, [tagged], at=brand.at, size=5)
    assert (total.total, total.capped) == ((10, False) if many > 40 else (10_000, True))
    monkeypatch.setattr("siyu.insights.cards.listing.SHORT_WALK", 2)
    assert pages() == usual
    monkeypatch.setattr("siyu.insights.cards.listing.WALK", 2)
    monkeypatch.setattr("siyu.insights.cards.listing.LONG_WALK", 2)
    assert pages() == usual
    monkeypatch.setattr("siyu.insights.cards.listing.SOME", 1_000)
    monkeypatch.setattr("siyu.insights.cards.listing.SOME_PAIRS", 1_000)
    assert pages() == usual
