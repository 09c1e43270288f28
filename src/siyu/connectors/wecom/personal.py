"""What merge, undo, export and erasure do to this connector's rows."""

from __future__ import annotations

from siyu.connectors.wecom.relations import ERASED
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.records.customers import api as customers


def _forget(person: customers.Person) -> int:
    """Keep only the pair of pseudonyms, closed, so that neither a pull nor late news bring the person back."""
    return foundation.execute(
        """UPDATE connectors_wecom_relation
           SET open = false, half = false, state = '', add_way = 0, ended_by = %s,
               changed_at = GREATEST(changed_at, %s)
           WHERE subject_id = ANY(%s)""",
        [ERASED, clock.business_now(), list(person.subject_ids)],
    )


def declare() -> None:
    """A relation is WeCom's own statement: a merge leaves it alone, an erasure closes it."""
    customers.PERSONAL.declare(
        "connectors_wecom.Relation",
        customers.DataPolicy(
            merge=customers.MergeRule.VIA_MAP,
            undo=customers.MergeRule.VIA_MAP,
            export=customers.export_rows(
                "connectors_wecom_relation", "userid", "external_userid", "open", "since", "add_way",
                by="subject_id",
            ),
            erase=_forget,
        ),
    )  # fmt: skip
