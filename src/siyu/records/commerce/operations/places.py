"""Who writes orders and who moves them after a merge keep out of each other's way.

An order is written with the customer that its buyer's subject has just then. A transaction that read the map before
a merge was committed, and commits its orders after they were moved, would leave them with who was merged for ever.
"""

from __future__ import annotations

from siyu.foundation import api as foundation

NAME = "commerce.places"


def hold_places() -> None:
    """Before the map is read to write or claim orders, and before an order is locked: orders move before or after."""
    foundation.advisory_lock(NAME, shared=True)


def change_places() -> None:
    """Before orders follow a merge or its undoing: wait (at most five seconds) for whoever has read the old map."""
    foundation.advisory_lock(NAME)
