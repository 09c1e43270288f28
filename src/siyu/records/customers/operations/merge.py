"""Merge two customers, undo a merge, decide a case. Only the map changes; facts tell the others."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput, Conflict, NotFound
from siyu.records.customers.contracts import OWNER, CaseState, CustomerMerged, CustomerUnmerged
from siyu.records.customers.models import Merge, MergeCase
from siyu.records.customers.operations.mapping import lock_roots, move_group, restore_group


def merge(kept_id: int, merged_id: int, *, at: datetime, by: foundation.Principal, reason: str = "") -> int:
    """Two customers are one person: ``merged_id`` is from now on ``kept_id``. Returns the merge id.

    Works on the customers in force behind the ids. If they are one already, the merge in force is
    answered and nothing changes. Raises NotFound for unknown ids and Conflict("customer.erased").
    """
    roots = lock_roots([kept_id, merged_id])
    if kept_id not in roots or merged_id not in roots:
        raise NotFound("customer.not_found", _("There is no such customer."))
    if kept_id == merged_id:
        raise BadInput("merge.same", _("Choose two different customers."))
    kept, other = roots[kept_id], roots[merged_id]
    if kept == other:
        return _merge_between(merged_id, kept_id)
    erased = foundation.fetch(
        "SELECT 1 FROM records_customers_customer WHERE id = ANY(%s) AND erased_at IS NOT NULL",
        [[kept, other]],
    )
    if erased:
        raise Conflict("customer.erased", _("This customer's data was erased; it cannot be merged."))
    merge_id = merge_roots(kept, other, at=at, by=by.display_name, reason=reason)
    MergeCase.objects.filter(
        first_id=min(kept, other), second_id=max(kept, other), state=CaseState.OPEN.value
    ).update(state=CaseState.MERGED.value, resolved_at=at, resolved_by=by.display_name[:100])
    foundation.audit(by, "customer.merged", "customer", kept, {"merged_id": other, "reason": reason}, at=at)
    return merge_id


def _merge_between(merged_id: int, kept_id: int) -> int:
    rows = Merge.objects.filter(undone_at__isnull=True, merged_id__in=[merged_id, kept_id])
    found = sorted(rows.values_list("merged_id", "id"), key=lambda row: row[0] != merged_id)
    if found:
        return found[0][1]
    raise Conflict("merge.same", _("These are one customer already."))


def merge_roots(
    kept_id: int,
    merged_id: int,
    *,
    at: datetime,
    by: str,
    reason: str,
    origin: facts.Origin | None = None,
) -> int:
    """Merge two customers in force that the caller has locked; returns the merge id."""
    row = Merge.objects.create(kept_id=kept_id, merged_id=merged_id, at=at, by=by[:100], reason=reason[:200])
    moved = move_group(merged_id, kept_id, at=at)
    _tell("customer.merged", CustomerMerged(kept_id, merged_id, tuple(moved)), row, "merged", at, origin)
    return row.pk


def undo_merge(merge_id: int, *, at: datetime, by: foundation.Principal) -> None:
    """They were two people after all: what ``merged_id`` brought along is its own again.

    What was found or written for the kept customer in between stays there. Undoing twice changes
    nothing. A later claim that they are one opens a case instead of merging. Raises NotFound.
    """
    row = Merge.objects.filter(pk=merge_id).first()
    if row is None:
        raise NotFound("merge.not_found", _("There is no such merge."))
    kept = lock_roots([row.merged_id])[row.merged_id]
    row.refresh_from_db()
    if row.undone_at is not None:
        return
    back = restore_group(row.merged_id, at=at)
    row.undone_at, row.undone_by = at, by.display_name[:100]
    row.save(update_fields=["undone_at", "undone_by"])
    _tell("customer.unmerged", CustomerUnmerged(kept, row.merged_id, tuple(back)), row, "undone", at, None)
    foundation.audit(by, "customer.unmerged", "customer", kept, {"merged_id": row.merged_id}, at=at)


def _tell(
    name: str,
    payload: CustomerMerged | CustomerUnmerged,
    row: Merge,
    what: str,
    at: datetime,
    origin: facts.Origin | None,
) -> None:
    anchor = foundation.fetch(
        "SELECT anchor_subject_id FROM records_customers_customer WHERE id = %s", [row.merged_id]
    )[0][0]
    facts.record(
        [
            facts.NewFact(
                name=name,
                payload=payload,
                occurred_at=at,
                subject_id=anchor,
                source=OWNER,
                external_id=f"merge:{row.pk}:{what}",
                origin=origin,
            )
        ],
        at=at,
    )


def resolve_case(
    case_id: int,
    *,
    same_person: bool,
    at: datetime,
    by: foundation.Principal,
    kept_id: int | None = None,
) -> int | None:
    """A person decides a case: merge (returns the merge id; ``kept_id`` chooses who stays) or dismiss.

    Raises NotFound, BadInput when ``kept_id`` is neither of the two, Conflict when already decided.
    """
    case = MergeCase.objects.select_for_update().filter(pk=case_id).first()
    if case is None:
        raise NotFound("case.not_found", _("There is no such case."))
    if case.state != CaseState.OPEN.value:
        raise Conflict("case.decided", _("Somebody has decided this case already."))
    kept = kept_id if kept_id is not None else case.first_id
    if kept not in (case.first_id, case.second_id):
        raise BadInput("case.kept", _("Choose one of the two customers of this case."))
    state = CaseState.MERGED if same_person else CaseState.DISMISSED
    case.state, case.resolved_at, case.resolved_by = state.value, at, by.display_name[:100]
    case.save(update_fields=["state", "resolved_at", "resolved_by"])
    if not same_person:
        foundation.audit(by, "case.dismissed", "merge_case", case_id, {}, at=at)
        return None
    other = case.second_id if kept == case.first_id else case.first_id
    return merge(kept, other, at=at, by=by, reason="case")
