"""What merge, undo, export and erasure do to this connector's rows."""

from __future__ import annotations

from siyu.records.customers import api as customers


def declare() -> None:
    """A relation is WeCom's own statement: a merge leaves it alone, an erasure removes it."""
    customers.PERSONAL.declare(
        "connectors_wecom.Relation",
        customers.DataPolicy(
            merge=customers.MergeRule.VIA_MAP,
            undo=customers.MergeRule.VIA_MAP,
            export=customers.export_rows(
                "connectors_wecom_relation", "userid", "external_userid", "open", "since", "add_way",
                by="subject_id",
            ),
            erase=customers.delete_rows("connectors_wecom_relation", by="subject_id"),
        ),
    )  # fmt: skip
