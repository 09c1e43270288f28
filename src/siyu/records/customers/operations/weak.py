"""Remember that weak identities belong together while nobody knows whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from siyu.foundation import api as foundation


def weak_neighbours(subjects: Iterable[int]) -> dict[int, set[int]]:
    """Subject → all subjects that weak links join to it, however far."""
    ids = sorted(set(subjects))
    linked = foundation.fetch(
        "SELECT low_subject_id FROM records_customers_weaklink WHERE low_subject_id = ANY(%s)"
        " UNION SELECT high_subject_id FROM records_customers_weaklink WHERE high_subject_id = ANY(%s)",
        [ids, ids],
    )
    if not linked:
        return {}
    rows = foundation.fetch(
        """WITH RECURSIVE near AS (
               SELECT s AS start, s AS id FROM unnest(%s::bigint[]) AS s
               UNION
               SELECT n.start, w.id FROM near n CROSS JOIN LATERAL (
                   SELECT high_subject_id AS id FROM records_customers_weaklink WHERE low_subject_id = n.id
                   UNION ALL
                   SELECT low_subject_id FROM records_customers_weaklink WHERE high_subject_id = n.id) w)
           SELECT start, id FROM near WHERE start <> id""",
        [[row[0] for row in linked]],
    )
    found: dict[int, set[int]] = {}
    for start, other in rows:
        found.setdefault(start, set()).add(other)
    return found


def note_weak(groups: Sequence[set[int]], *, at: datetime) -> None:
    """Store that the subjects of each group are one person."""
    pairs = {(min(group), subject) for group in groups for subject in group if subject != min(group)}
    if pairs:
        ordered = sorted(pairs)
        foundation.execute(
            """INSERT INTO records_customers_weaklink (low_subject_id, high_subject_id, at)
               SELECT n.*, %s FROM unnest(%s::bigint[], %s::bigint[]) AS n ON CONFLICT DO NOTHING""",
            [at, [low for low, _high in ordered], [high for _low, high in ordered]],
        )
