"""Gathers what a card copies from records and facts: a fixed number of set-based reads per batch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.ledger import api as ledger

# What a person does themselves; anything else happens to them and says nothing about their activity.
ACTIVE_FACTS = frozenset(
    {"order.paid", "page.viewed", "contact.added", "message.received", "coupon.redeemed", "points.redeemed"}
)


def card_rows(customer_ids: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    """One row per living customer, in the order of the card's columns; others are absent."""
    profiles = {
        k: p for k, p in customers.profiles(customer_ids).items() if p.customer_id == k and not p.erased
    }
    ids = sorted(profiles)
    if not ids:
        return {}
    subjects = customers.subjects_of(ids)
    stewards = customers.stewards_of(ids)
    tags = customers.tags_of(ids)
    contacts = customers.contacts_of(ids)
    totals = _totals(subjects)
    points = ledger.balances(ids)
    active = _last_active(subjects)
    codes = _first_code(subjects)
    nothing = commerce.CustomerTotals()
    rows: dict[int, tuple[Any, ...]] = {}
    for customer_id in ids:
        profile, total = profiles[customer_id], totals.get(customer_id, nothing)
        steward, friends = stewards.get(customer_id), contacts.get(customer_id, [])
        rows[customer_id] = (
            customer_id,
            profile.name,
            profile.avatar,
            profile.phone_masked,
            steward.employee_id if steward else None,
            steward.unit_id if steward else None,
            len({c.employee_id for c in friends}),
            tuple(sorted(tags.get(customer_id, ()))),
            codes.get(customer_id) or _channel(friends),
            total.orders,
            total.amount,
            total.refunded_amount,
            total.amount - total.refunded_amount,
            total.first_at,
            total.last_at,
            active.get(customer_id),
            points.get(customer_id, 0),
            profile.created_at,
        )
    return rows


def _channel(contacts: Sequence[customers.ContactView]) -> str:
    """The state of the first friend relation that has one, for codes that are not ours ("" = unknown)."""
    known = [c for c in sorted(contacts, key=lambda c: (c.since, c.id)) if c.state]
    return known[0].state if known else ""


def _first_code(subjects: dict[int, list[int]]) -> dict[int, str]:
    """Name of the live code that brought each customer first, as the fact told it."""
    owner = {subject: customer for customer, ids in subjects.items() for subject in ids}
    rows = foundation.fetch(
        f"SELECT subject_id, payload->>'code_name' FROM {facts.LOG_VIEW}"
        f" WHERE subject_id = {facts.ANY_OF} AND name = 'channel.attributed' ORDER BY occurred_at DESC, id DESC",
        [list(owner)],
    )
    return {owner[subject]: name for subject, name in rows}


def _totals(subjects: dict[int, list[int]]) -> dict[int, commerce.CustomerTotals]:
    """Order figures per customer through the subject map, so that a merge counts the moment it is made."""
    by_subject = commerce.subject_totals([s for ids in subjects.values() for s in ids])
    totals = {}
    for customer_id, ids in subjects.items():
        parts = [by_subject[s] for s in ids if s in by_subject]
        if parts:
            totals[customer_id] = commerce.CustomerTotals(
                orders=sum(p.orders for p in parts),
                amount=sum(p.amount for p in parts),
                refunded_amount=sum(p.refunded_amount for p in parts),
                first_at=min(p.first_at for p in parts if p.first_at),
                last_at=max(p.last_at for p in parts if p.last_at),
            )
    return totals


def _last_active(subjects: dict[int, list[int]]) -> dict[int, datetime]:
    owner = {subject: customer for customer, ids in subjects.items() for subject in ids}
    rows = foundation.fetch(
        f"SELECT subject_id, max(occurred_at) FROM {facts.LOG_VIEW}"
        f" WHERE subject_id = {facts.ANY_OF} AND name = ANY(%s) GROUP BY subject_id",
        [list(owner), sorted(ACTIVE_FACTS)],
    )
    latest: dict[int, datetime] = {}
    for subject, moment in rows:
        customer = owner[subject]
        latest[customer] = max(moment, latest.get(customer, moment))
    return latest
