"""Store and find identities: keyed hash to look up, sealed value to show. Used by identify and link."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput
from siyu.records.customers import rules
from siyu.records.customers.contracts import IdentityRef

PURPOSE = "identity"

_LOOKUP = """
SELECT k.n, i.subject_id, m.home_id, m.customer_id
FROM unnest(%s::bytea[], %s::text[], %s::text[]) WITH ORDINALITY AS k(value_hash, kind, realm, n)
JOIN records_customers_identity i
  ON i.value_hash = k.value_hash AND i.kind = k.kind AND i.realm = k.realm
LEFT JOIN records_customers_subjectmap m ON m.subject_id = i.subject_id AND m.valid_to IS NULL
"""

_INSERT = """
INSERT INTO records_customers_identity (kind, realm, value_hash, value_sealed, subject_id, first_seen_at, source)
SELECT n.kind, n.realm, n.value_hash, n.value_sealed, n.subject_id, %s, %s
FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::bytea[], %s::bigint[])
  AS n(kind, realm, value_hash, value_sealed, subject_id)
ORDER BY n.value_hash, n.kind, n.realm
ON CONFLICT DO NOTHING RETURNING subject_id
"""


@dataclass(frozen=True)
class Known:
    """Where an identity stands: its subject and, once mapped, home and current customer."""

    subject_id: int
    home_id: int | None
    customer_id: int | None


def keys_of(refs: Sequence[IdentityRef]) -> list[rules.Key]:
    """Canonical keys in order; BadInput("identity.invalid") names the first unusable reference."""
    keys: list[rules.Key] = []
    for number, ref in enumerate(refs):
        key = rules.normal_key(ref)
        if key is None:
            raise BadInput(
                "identity.invalid",
                _(
                    "Identity %(number)s (%(kind)s) cannot be used. Check its format; masked values identify nobody."
                ),
                number=number + 1,
                kind=str(ref.kind)[:20],
                problem=rules.check_ref(ref),
            )
        keys.append(key)
    return keys


def digest(key: rules.Key) -> bytes:
    """The keyed hash by which an identity is found."""
    kind, realm, value = key
    return foundation.keyed_hash(f"{kind.value}\0{realm}\0{value}", PURPOSE)


def prepared(refs: Sequence[IdentityRef]) -> list[tuple[str, str, bytes, bytes]]:
    """(kind, realm, keyed hash, sealed value) of each reference: what a bulk load writes instead of the value."""
    return [(key[0].value, key[1], digest(key), foundation.seal(key[2], PURPOSE)) for key in keys_of(refs)]


def lookup(keys: Sequence[rules.Key]) -> dict[rules.Key, Known]:
    """The known ones among the keys, in one statement."""
    if not keys:
        return {}
    rows = foundation.fetch(
        _LOOKUP,
        [
            foundation.array(digest(key) for key in keys),
            foundation.array(key[0].value for key in keys),
            foundation.array(key[1] for key in keys),
        ],
    )
    return {keys[number - 1]: Known(subject, home, customer) for number, subject, home, customer in rows}


def find_or_insert(
    keys: Iterable[rules.Key], *, at: datetime, source: str
) -> tuple[dict[rules.Key, Known], dict[rules.Key, int]]:
    """All keys, known or made: (where each stands, key → subject of those made here).

    Race-safe: of two workers that meet an unknown identity at once, the second waits at the unique
    index until the first has committed, and then reads what that one made.
    """
    unique = list(dict.fromkeys(keys))
    found = lookup(unique)
    missing = [key for key in unique if key not in found]
    if not missing:
        return found, {}
    subjects = facts.new_subjects(len(missing), at=at)
    made = {
        row[0]
        for row in foundation.fetch(
            _INSERT,
            [
                at,
                source[:80],
                foundation.array(key[0].value for key in missing),
                foundation.array(key[1] for key in missing),
                foundation.array(digest(key) for key in missing),
                foundation.array(foundation.seal(key[2], PURPOSE) for key in missing),
                foundation.array(subjects),
            ],
        )
    }
    fresh = {key: subject for key, subject in zip(missing, subjects, strict=True) if subject in made}
    for key, subject in fresh.items():
        found[key] = Known(subject, None, None)
    found.update(lookup([key for key in missing if key not in fresh]))
    return found, fresh
