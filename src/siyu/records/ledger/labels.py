"""What a kind of transfer is called on screen. The module that posts a kind registers its label."""

from __future__ import annotations

from siyu.foundation import api as foundation

LABELS: foundation.Registry[object] = foundation.Registry("ledger.labels")


def label_of(kind: str) -> str:
    """The reader's word for a kind of transfer, or the kind itself when nobody named it."""
    return str(LABELS.find(kind) or kind)
