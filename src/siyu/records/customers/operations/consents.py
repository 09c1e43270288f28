"""Consent: what customers said, only ever added to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers.contracts import OWNER, ConsentChanged, ConsentSpec
from siyu.records.customers.queries.map import anchors_of, current_ids


def set_consent(
    customer_id: int,
    channel: str,
    purpose: str,
    granted: bool,
    *,
    at: datetime,
    evidence: str,
    origin: facts.Origin | None = None,
) -> bool:
    """Note what a customer said about a channel ("*" = all) and a purpose ("*", "promotional", …).

    ``evidence`` says where (a form, a message, a call). False when exactly this was known already.
    """
    spec = ConsentSpec(customer_id, channel, purpose, granted, at, evidence)
    return set_consents([spec], at=at, origin=origin)[0]


def set_consents(
    specs: Sequence[ConsentSpec], *, at: datetime, origin: facts.Origin | None = None
) -> list[bool]:
    """Note statements of many customers, each with its own moment; True where it was new.

    The latest statement counts whatever order they arrive in; of two at one moment the refusal counts.
    """
    roots = current_ids(spec.customer_id for spec in specs)
    known = [spec for spec in specs if spec.customer_id in roots]
    rows = foundation.fetch(
        """INSERT INTO records_customers_consent (customer_id, channel, purpose, granted, at, evidence)
           SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::boolean[], %s::timestamptz[], %s::text[])
           ON CONFLICT DO NOTHING RETURNING customer_id, channel, purpose, granted, at""",
        [
            [roots[spec.customer_id] for spec in known],
            [spec.channel[:40] for spec in known],
            [spec.purpose[:40] for spec in known],
            [spec.granted for spec in known],
            [spec.at for spec in known],
            [spec.evidence[:200] for spec in known],
        ],
    )
    anchors = anchors_of(row[0] for row in rows)
    facts.record(
        [
            facts.NewFact(
                name="consent.changed",
                payload=ConsentChanged(channel, purpose, granted),
                occurred_at=moment,
                subject_id=anchors[customer],
                source=OWNER,
                external_id=f"consent:{customer}:{channel}:{purpose}:{moment.isoformat()}:{granted}",
                origin=origin,
            )
            for customer, channel, purpose, granted, moment in rows
        ],
        at=at,
    )
    new = set(rows)
    answers = []
    for spec in specs:
        row = (roots.get(spec.customer_id), spec.channel[:40], spec.purpose[:40], spec.granted, spec.at)
        answers.append(row in new)
        new.discard(row)
    return answers
