"""Friend relations, stewards, tags and consent of many customers at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from siyu.foundation import api as foundation
from siyu.records.customers.contracts import (
    AssignmentView,
    ConsentState,
    ConsentView,
    ContactView,
    EndedBy,
    Reach,
    Steward,
    TagView,
)

_STEWARDS = """
SELECT DISTINCT ON (c.root_id) c.root_id, a.employee_id, a.unit_id, a.since
FROM records_customers_customer c
JOIN records_customers_assignment a ON a.customer_id = c.id AND a.until IS NULL
WHERE c.root_id = ANY(%s)
ORDER BY c.root_id, (c.id = c.root_id) DESC, a.since DESC, a.id DESC
"""

_REACH = """
SELECT p.n, c.root_id, c.erased_at IS NOT NULL,
       EXISTS (SELECT 1 FROM records_customers_subjectmap m
               JOIN records_customers_contact k ON k.subject_id = m.subject_id AND k.until IS NULL
               WHERE m.customer_id = c.root_id AND m.valid_to IS NULL
                 AND (p.employee_id IS NULL OR k.employee_id = p.employee_id)),
       said.granted, said.channel
FROM unnest(%(customers)s::bigint[], %(employees)s::bigint[]) WITH ORDINALITY AS p(customer_id, employee_id, n)
JOIN records_customers_customer c ON c.id = p.customer_id
LEFT JOIN LATERAL (
    SELECT x.granted, x.channel FROM records_customers_customer member
    JOIN records_customers_consent x ON x.customer_id = member.id
    WHERE member.root_id = c.root_id AND x.channel IN (%(channel)s, '*') AND x.purpose IN (%(purpose)s, '*')
    ORDER BY x.at DESC, x.granted LIMIT 1
) said ON true
"""


def contacts_of(customer_ids: Iterable[int], *, open_only: bool = True) -> dict[int, list[ContactView]]:
    """Customer in force → friend relations, oldest first; without ``open_only`` also ended ones."""
    rows = foundation.fetch(
        f"""WITH mine AS MATERIALIZED (
                SELECT subject_id, customer_id FROM records_customers_subjectmap
                WHERE customer_id = ANY(%s) AND valid_to IS NULL)
            SELECT m.customer_id, k.id, k.subject_id, k.employee_id, k.connection, k.since, k.until, k.ended_by,
                   k.state, k.add_way
            FROM mine m JOIN records_customers_contact k ON k.subject_id = m.subject_id
            WHERE {"k.until IS NULL" if open_only else "TRUE"} ORDER BY k.since, k.id""",
        [sorted(set(customer_ids))],
    )
    found: dict[int, list[ContactView]] = {}
    for customer, number, subject, employee, connection, since, until, ended_by, state, way in rows:
        found.setdefault(customer, []).append(
            ContactView(
                id=number,
                subject_id=subject,
                employee_id=employee,
                connection=connection,
                since=since,
                until=until,
                ended_by=EndedBy(ended_by) if ended_by else None,
                state=state,
                add_way=way,
            )
        )
    return found


def stewards_of(customer_ids: Iterable[int]) -> dict[int, Steward]:
    """Customer in force → 专属导购 in force. Of a merged group the kept customer's counts, else the latest."""
    rows = foundation.fetch(_STEWARDS, [sorted(set(customer_ids))])
    return {row[0]: Steward(*row) for row in rows}


def assignments_of(customer_id: int) -> list[AssignmentView]:
    """All periods of 专属导购 of one customer in force and all merged into it, newest first."""
    rows = foundation.fetch(
        """SELECT a.customer_id, a.employee_id, a.unit_id, a.since, a.until, a.reason
           FROM records_customers_customer c JOIN records_customers_assignment a ON a.customer_id = c.id
           WHERE c.root_id = %s ORDER BY a.since DESC, a.id DESC""",
        [customer_id],
    )
    return [AssignmentView(*row) for row in rows]


def tags_with_source(customer_ids: Iterable[int]) -> dict[int, list[TagView]]:
    """Customer in force → its tags by name, each with since when and from where."""
    rows = foundation.fetch(
        """SELECT DISTINCT ON (c.root_id, t.name) c.root_id, t.name, x.since, x.source
           FROM records_customers_customer c
           JOIN records_customers_customertag x ON x.customer_id = c.id AND x.until IS NULL
           JOIN records_customers_tag t ON t.id = x.tag_id
           WHERE c.root_id = ANY(%s) ORDER BY c.root_id, t.name, x.since""",
        [sorted(set(customer_ids))],
    )
    found: dict[int, list[TagView]] = {}
    for customer, name, since, source in rows:
        found.setdefault(customer, []).append(TagView(name, since, source))
    return found


def tags_of(customer_ids: Iterable[int]) -> dict[int, list[str]]:
    """Customer in force → tag names, sorted."""
    return {customer: [tag.name for tag in tags] for customer, tags in tags_with_source(customer_ids).items()}


def list_tags() -> list[tuple[str, int]]:
    """All tags by name with how many customers in force carry them now."""
    return [
        (name, count)
        for name, count in foundation.fetch(
            """SELECT t.name, count(DISTINCT c.root_id) FROM records_customers_tag t
               LEFT JOIN records_customers_customertag x ON x.tag_id = t.id AND x.until IS NULL
               LEFT JOIN records_customers_customer c ON c.id = x.customer_id
               GROUP BY t.id, t.name ORDER BY t.name"""
        )
    ]


def tag_names() -> list[str]:
    """All tags by name, to choose from: on every list page, so nobody is counted for it."""
    return [row[0] for row in foundation.fetch("SELECT name FROM records_customers_tag ORDER BY name")]


def consents_of(customer_id: int) -> list[ConsentView]:
    """The last word of one customer in force (and all merged into it) per channel and purpose."""
    rows = foundation.fetch(
        """SELECT DISTINCT ON (x.channel, x.purpose) x.channel, x.purpose, x.granted, x.at, x.evidence
           FROM records_customers_customer c JOIN records_customers_consent x ON x.customer_id = c.id
           WHERE c.root_id = %s ORDER BY x.channel, x.purpose, x.at DESC, x.granted""",
        [customer_id],
    )
    return [ConsentView(*row) for row in rows]


def reach(pairs: Sequence[tuple[int, int | None]], *, channel: str, purpose: str) -> list[Reach]:
    """What policy must know about writing to each (customer, through employee) on a channel for a purpose.

    One statement for thousands. Consent is the latest statement about this channel or "*" and this
    purpose or "*" (a refusal wins at one moment); ``opted_out`` says that it refuses every channel.
    Without an employee, any friend relation counts. An unknown customer reads as erased.
    """
    found: dict[int, Reach] = {}
    for number, root, erased, friend, granted, said_for in foundation.fetch(
        _REACH,
        {
            "customers": [customer for customer, _employee in pairs],
            "employees": [employee for _customer, employee in pairs],
            "channel": channel,
            "purpose": purpose,
        },
    ):
        state = ConsentState.NOT_STATED
        if granted is not None:
            state = ConsentState.GRANTED if granted else ConsentState.REFUSED
        found[number] = Reach(
            customer_id=root,
            consent=state,
            opted_out=state is ConsentState.REFUSED and said_for == "*",
            is_friend=friend,
            erased=erased,
        )
    return [
        found.get(number, Reach(customer, ConsentState.NOT_STATED, False, False, True))
        for number, (customer, _employee) in enumerate(pairs, start=1)
    ]
