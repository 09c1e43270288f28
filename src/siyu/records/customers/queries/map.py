"""The subject map, read set-based."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from siyu.foundation import api as foundation
from siyu.records.customers import rules


def customers_of(subject_ids: Iterable[int]) -> dict[int, int]:
    """Subject → customer in force; subjects that are nobody's yet are absent."""
    ids = sorted(set(subject_ids))
    if not ids:
        return {}
    return dict(
        foundation.fetch(
            "SELECT subject_id, customer_id FROM records_customers_subjectmap"
            " WHERE subject_id = ANY(%s) AND valid_to IS NULL",
            [ids],
        )
    )


def subjects_of(customer_ids: Iterable[int]) -> dict[int, list[int]]:
    """Customer in force → all its subjects, ascending; merged and unknown ids are absent."""
    ids = sorted(set(customer_ids))
    if not ids:
        return {}
    return rules.groups_of(
        dict(
            foundation.fetch(
                "SELECT subject_id, customer_id FROM records_customers_subjectmap"
                " WHERE customer_id = ANY(%s) AND valid_to IS NULL",
                [ids],
            )
        )
    )


def anchors_of(customer_ids: Iterable[int]) -> dict[int, int]:
    """Customer → the subject it was made for (never changes); unknown ids are absent."""
    ids = sorted(set(customer_ids))
    if not ids:
        return {}
    return dict(
        foundation.fetch(
            "SELECT id, anchor_subject_id FROM records_customers_customer WHERE id = ANY(%s)", [ids]
        )
    )


def current_ids(customer_ids: Iterable[int]) -> dict[int, int]:
    """Customer id → the id in force after merges (itself when not merged); unknown ids are absent."""
    ids = sorted(set(customer_ids))
    if not ids:
        return {}
    return dict(
        foundation.fetch("SELECT id, root_id FROM records_customers_customer WHERE id = ANY(%s)", [ids])
    )


def erased_among(customer_ids: Iterable[int]) -> set[int]:
    """Those of the ids whose data was erased."""
    ids = sorted(set(customer_ids))
    if not ids:
        return set()
    rows = foundation.fetch(
        "SELECT id FROM records_customers_customer WHERE id = ANY(%s) AND erased_at IS NOT NULL", [ids]
    )
    return {row[0] for row in rows}


def same_person(customer_ids: Iterable[int]) -> dict[int, list[int]]:
    """Customer id → the other ids of the same person, ascending; those who have none are absent."""
    ids = sorted(set(customer_ids))
    if not ids:
        return {}
    found: dict[int, list[int]] = {}
    for customer_id, other in foundation.fetch(
        "SELECT c.id, o.id FROM records_customers_customer c JOIN records_customers_customer o"
        " ON o.root_id = c.root_id AND o.id <> c.id WHERE c.id = ANY(%s) ORDER BY 1, 2",
        [ids],
    ):
        found.setdefault(customer_id, []).append(other)
    return found


def former_ids(customer_ids: Iterable[int]) -> dict[int, list[tuple[int, datetime]]]:
    """Customer in force → (another id, until when): under which some of its subjects were known before.

    So a person who was taken out of a merge is found under the customer they were merged into. Those who have
    always been themselves are absent.
    """
    ids = sorted(set(customer_ids))
    if not ids:
        return {}
    found: dict[int, list[tuple[int, datetime]]] = {}
    for customer_id, other, until in foundation.fetch(
        "SELECT now.customer_id, old.customer_id, max(old.valid_to) FROM records_customers_subjectmap now"
        " JOIN records_customers_subjectmap old ON old.subject_id = now.subject_id"
        " AND old.valid_to IS NOT NULL AND old.customer_id <> now.customer_id"
        " WHERE now.customer_id = ANY(%s) AND now.valid_to IS NULL GROUP BY 1, 2 ORDER BY 1, 2",
        [ids],
    ):
        found.setdefault(customer_id, []).append((other, until))
    return found
