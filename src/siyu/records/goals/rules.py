"""Pure rules of hold-outs."""

from __future__ import annotations

from siyu.records.goals.contracts import Arm

WHOLE = 1_000_000


def arm_of(draw: bytes, share_ppm: int) -> Arm:
    """The arm that a keyed hash of (hold-out, customer) draws: held out with probability share/1,000,000.

    The first eight bytes as an unsigned number, taken modulo one million; the bias is below 1e-13.
    """
    return Arm.HOLDOUT if int.from_bytes(draw[:8]) % WHOLE < share_ppm else Arm.TREATED
