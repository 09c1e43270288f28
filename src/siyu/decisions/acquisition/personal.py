"""What merge, undo, export and erasure do to this module's rows."""

from __future__ import annotations

from siyu.records.customers import api as customers

VIA_MAP = customers.MergeRule.VIA_MAP


def declare() -> None:
    """Arrivals and losses hold opaque ids and are counted by subject: merges need no change."""
    customers.PERSONAL.declare(
        "decisions_acquisition.Arrival",
        customers.DataPolicy(
            merge=VIA_MAP,
            undo=VIA_MAP,
            export=customers.export_rows(
                "decisions_acquisition_arrival", "at", "employee_id", "code_id", "add_way", by="subject_id"
            ),
            erase=customers.keep_rows("opaque ids only; channel figures stay true"),
        ),
    )
    customers.PERSONAL.declare(
        "decisions_acquisition.Loss",
        customers.DataPolicy(
            merge=VIA_MAP,
            undo=VIA_MAP,
            export=customers.export_rows(
                "decisions_acquisition_loss", "at", "employee_id", "ended_by", by="subject_id"
            ),
            erase=customers.keep_rows("opaque ids only; channel figures stay true"),
        ),
    )
