"""Pure rules of double entry."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from siyu.kit.errors import BadInput
from siyu.records.ledger.contracts import AccountRef, TransferSpec


def check_spec(spec: TransferSpec) -> int:
    """Check one transfer and return its amount: the sum of its positive legs, in whole units.

    Raises BadInput("ledger.*") when legs do not sum to zero, name an account twice, are zero or no
    whole numbers, when the key is empty or too long, or the moment has no time zone.
    """
    amounts = [amount for _ref, amount in spec.legs]
    if len(amounts) < 2 or any(type(amount) is not int or amount == 0 for amount in amounts):
        raise BadInput(
            "ledger.legs", _("A transfer needs two or more legs of whole amounts other than zero.")
        )
    if sum(amounts) != 0:
        raise BadInput("ledger.sum", _("The legs of a transfer must sum to zero."))
    if len({ref for ref, _amount in spec.legs}) != len(spec.legs):
        raise BadInput("ledger.account_twice", _("A transfer may name each account once."))
    if not spec.key or len(spec.key) > 200:
        raise BadInput("ledger.key", _("A transfer needs a key of at most 200 characters."))
    if spec.at.tzinfo is None:
        raise BadInput("ledger.at", _("A transfer needs a moment with a time zone."))
    return sum(amount for amount in amounts if amount > 0)


def content_hash(spec: TransferSpec) -> bytes:
    """16 bytes that tell two contents under one key apart; moment and memo do not count."""
    legs = sorted((ref.owner_kind, ref.owner_id, ref.kind, amount) for ref, amount in spec.legs)
    text = repr((spec.kind, spec.unit, legs, spec.reverses_key, spec.pending))
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def reversed_legs(legs: Sequence[tuple[AccountRef, int]], amount: int) -> tuple[tuple[AccountRef, int], ...]:
    """Legs that take back ``amount`` of a transfer between two accounts.

    Raises BadInput("ledger.legs") when there are more than two: say then what goes back where.
    """
    if len(legs) != 2:
        raise BadInput("ledger.legs", _("Only a transfer between two accounts is reversed in part."))
    return tuple((ref, -amount if was > 0 else amount) for ref, was in legs)
