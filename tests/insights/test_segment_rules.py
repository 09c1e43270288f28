"""Rule trees: what is accepted, how refusals read, and that no value ever becomes SQL text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siyu.insights.segments import api as segments
from siyu.insights.segments.compile import Query
from siyu.insights.segments.rules import build_order, dependencies
from siyu.kit.errors import BadInput

from .conftest import rule, trait

AT = datetime(2026, 3, 1, tzinfo=UTC)
EVIL = "x'); DROP TABLE insights_cards_card; --%s%(p0)s"

traits = st.sampled_from(
    [
        trait("orders", "at_least", 2),
        trait("net_total", "less_than", 100),
        trait("last_order_at", "within_days", 30),
        trait("last_order_at", "empty"),
        trait("stage", "one_of", ["new", "lost"]),
        {"tag": {"name": "VIP", "has": True}},
        {"fact": {"name": "page.viewed", "at_least": 2, "days": 7}},
        {"fact": {"name": "order.paid", "where": [{"field": "amount", "op": "at_least", "value": 5}]}},
        {"segment": {"id": 3, "member": False}},
    ]
)
trees = st.recursive(
    traits,
    lambda children: st.one_of(
        st.lists(children, min_size=1, max_size=3).map(lambda nodes: {"all": nodes}),
        st.lists(children, min_size=1, max_size=3).map(lambda nodes: {"any": nodes}),
        children.map(lambda node: {"not": node}),
    ),
    max_leaves=8,
)


@given(trees)
def test_json_and_tree_say_the_same(root: dict[str, Any]) -> None:
    definition = {"version": 1, "root": root}
    try:
        tree = segments.parse_tree(definition)
    except BadInput:  # nested deeper than eight
        return
    assert segments.parse_tree(segments.tree_to_json(tree)) == tree


@pytest.mark.parametrize(
    ("definition", "path"),
    [
        (None, "definition"),
        ([], "definition"),
        ({"root": trait("orders", "is", 1)}, "version"),
        ({"version": 2, "root": trait("orders", "is", 1)}, "version"),
        ({"version": 1}, "root"),
        ({"version": 1, "root": trait("orders", "is", 1), "sql": "x"}, "definition"),
        (rule(), "root.all"),
        (rule({"trait": {}, "tag": {}}), "root.all.0"),
        (rule(trait("orders", "is", 1), trait("password", "is", 1)), "root.all.1.trait"),
        (rule({"not": trait("orders", "has", 1)}), "root.all.0.not.trait"),
        (rule({"tag": {"name": ""}}), "root.all.0.tag"),
        (rule({"tag": {"name": "a", "has": "yes"}}), "root.all.0.tag"),
        (rule({"fact": {"name": "page.viewed", "at_least": 0}}), "root.all.0.fact"),
        (rule({"fact": {"name": "page.viewed", "days": 1.5}}), "root.all.0.fact"),
        (rule({"fact": {"name": "segment.entered"}}), "root.all.0.fact"),
        (
            rule({"fact": {"name": "a", "where": [{"field": "x", "op": "one_of", "value": 1}]}}),
            "root.all.0.fact",
        ),
        (rule({"segment": {"id": "3"}}), "root.all.0.segment"),
        (rule({"sql": "1=1"}), "root.all.0.sql"),
    ],
)
def test_a_bad_rule_names_its_place(definition: Any, path: str) -> None:
    with pytest.raises(BadInput) as refused:
        segments.parse_tree(definition)
    assert list(refused.value.fields) == [path]
    assert str(refused.value.fields[path])
    assert path in str(refused.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(BadInput) as refused:
        segments.parse_tree(rule(trait("nope", "is", 1), {"tag": {"name": ""}}, trait("orders", "is", 1)))
    assert list(refused.value.fields) == ["root.all.0.trait", "root.all.1.tag"]


def test_too_large_and_too_deep_are_refused() -> None:
    deep: dict[str, Any] = trait("orders", "is", 1)
    for _level in range(8):
        deep = {"not": deep}
    wide = rule(*[trait("orders", "is", 1)] * 101)
    for definition in ({"version": 1, "root": deep}, wide):
        with pytest.raises(BadInput):
            segments.parse_tree(definition)


@given(trees)
def test_sql_keeps_values_out_of_its_text_and_brackets_every_group(root: dict[str, Any]) -> None:
    definition = rule({"tag": {"name": EVIL}}, root, {"fact": {"name": "f", "where": [
        {"field": EVIL, "op": "contains", "value": EVIL}]}}, trait("name", "contains", EVIL))  # fmt: skip
    try:
        tree = segments.parse_tree(definition)
    except BadInput:
        return
    query = Query(AT, [1, 2])
    compiled = query.add(tree)
    text = f"{compiled.truth} {compiled.flip} {query.source()}"
    assert "DROP" not in text
    assert EVIL in query.params.values()
    assert compiled.truth.count("(") == compiled.truth.count(")")
    assert compiled.truth.startswith("(")
    text % dict.fromkeys(query.params, "1")  # every placeholder is a named one with a value


def test_equal_fact_conditions_are_read_once() -> None:
    query = Query(AT)
    condition = {"fact": {"name": "page.viewed", "at_least": 2, "days": 7}}
    query.add(segments.parse_tree(rule(condition)))
    query.add(segments.parse_tree(rule({"not": condition})))
    assert query.source().count("LEFT JOIN") == 1


def test_dependencies_and_order() -> None:
    tree = segments.parse_tree(
        rule(
            trait("orders", "is", 1),
            {"tag": {"name": "a"}},
            {"not": {"segment": {"id": 7}}},
            {"fact": {"name": "f"}},
        )
    )
    needs = dependencies(tree)
    assert (needs.card_fields, needs.fact_names, needs.segment_ids) == ({"orders", "tags"}, {"f"}, {7})
    assert build_order({3: frozenset({1}), 1: frozenset({2}), 2: frozenset()}) == [2, 1, 3]
    with pytest.raises(ValueError, match="1, 2"):
        build_order({1: frozenset({2}), 2: frozenset({1}), 3: frozenset()})
