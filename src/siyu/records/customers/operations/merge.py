"""Merge two customers, undo a merge, decide a case. Only the map changes; facts tell the others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput, Conflict, NotFound
from siyu.records.customers.contracts import OWNER, CaseState, CustomerMerged, CustomerUnmerged
from siyu.records.customers.models import Merge, MergeCase
from siyu.records.customers.operations.locks import lock_roots
from siyu.records.customers.operations.mapping import regroup
from siyu.records.customers.queries.map import anchors_of, current_ids

_REFUSE_BOTH = """
INSERT INTO records_customers_consent (customer_id, channel, purpose, granted, at, evidence)
SELECT n.customer_id, x.channel, x.purpose, false, x.at, 'undone merge'
FROM unnest(%s::bigint[], %s::bigint[]) AS n(former_id, customer_id)
JOIN records_customers_customer m ON m.root_id = n.former_id
JOIN records_customers_consent x ON x.customer_id = m.id AND NOT x.granted AND x.at >= %s
ON CONFLICT DO NOTHING
"""


def merge(kept_id: int, merged_id: int, *, at: datetime, by: foundation.Principal, reason: str = "") -> int:
    """Two customers are one person: ``merged_id`` is from now on ``kept_id``. Returns the merge id.

    Ids of merged customers may be given; what is said of them goes with them when their merge is
    undone. If the two are one already, the merge in force is answered and nothing changes. Raises
    NotFound for unknown ids, BadInput("merge.same") and Conflict("customer.erased" | "merge.same").
    """
    roots = lock_roots([kept_id, merged_id])
    if kept_id not in roots or merged_id not in roots:
        raise NotFound("customer.not_found", _("There is no such customer."))
    if kept_id == merged_id:
        raise BadInput("merge.same", _("Choose two different customers."))
    pair = sorted((roots[kept_id], roots[merged_id]))
    if pair[0] == pair[1]:
        return _merge_between(merged_id, kept_id)
    erased = foundation.fetch(
        "SELECT 1 FROM records_customers_customer WHERE id = ANY(%s) AND erased_at IS NOT NULL", [pair]
    )
    if erased:
        raise Conflict("customer.erased", _("This customer's data was erased; it cannot be merged."))
    merge_id = add_merges(
        [(kept_id, merged_id)], at=at, by=by.display_name, by_rule=False, reason=reason, origin=None
    )[0]
    MergeCase.objects.filter(first_id=pair[0], second_id=pair[1], state=CaseState.OPEN.value).update(
        state=CaseState.MERGED.value, resolved_at=at, resolved_by=by.display_name[:100]
    )
    detail = {"kept_id": kept_id, "merged_id": merged_id, "reason": reason}
    foundation.audit(by, "customer.merged", "customer", kept_id, detail, at=at)
    return merge_id


def _merge_between(merged_id: int, kept_id: int) -> int:
    rows = Merge.objects.filter(undone_at__isnull=True).filter(
        Q(merged_id__in=[merged_id, kept_id]) | Q(kept_id__in=[merged_id, kept_id])
    )
    ids = {merged_id, kept_id}
    found = sorted(
        rows, key=lambda row: ({row.kept_id, row.merged_id} != ids, row.merged_id != merged_id, row.pk)
    )
    if found:
        return found[0].pk
    raise Conflict("merge.same", _("These are one customer already."))


def add_merges(
    pairs: Sequence[tuple[int, int]],
    *,
    at: datetime,
    by: str,
    by_rule: bool,
    reason: str,
    origin: facts.Origin | None,
) -> list[int]:
    """Merge (kept, merged) pairs of different groups whose roots the caller has locked; merge ids in order."""
    rows = Merge.objects.bulk_create(
        Merge(kept_id=kept, merged_id=merged, at=at, by=by[:100], by_rule=by_rule, reason=reason[:200])
        for kept, merged in pairs
    )
    moved = regroup([customer for pair in pairs for customer in pair], at=at)
    roots = current_ids(merged for _kept, merged in pairs)
    by_root = {roots[row.merged_id]: row.pk for row in rows}
    _tell(
        [
            (CustomerMerged(root, former, subjects), f"merge:{by_root[root]}:merged:{former}")
            for former, targets in sorted(moved.items())
            for root, subjects in targets.items()
        ],
        at,
        origin,
    )
    return [row.pk for row in rows]


def undo_merge(merge_id: int, *, at: datetime, by: foundation.Principal) -> None:
    """They were two people after all: each side is its own customer again with what was its own.

    What was found or written for the kept customer in between stays there; only a refusal said in
    between holds for both, since nobody can tell whose it was. Undoing twice changes nothing. A later claim that they are one opens a case instead of merging. Raises NotFound.
    """
    row = Merge.objects.filter(pk=merge_id).first()
    if row is None:
        raise NotFound("merge.not_found", _("There is no such merge."))
    lock_roots([row.kept_id, row.merged_id])
    row.refresh_from_db()
    if row.undone_at is not None:
        return
    row.undone_at, row.undone_by = at, by.display_name[:100]
    row.save(update_fields=["undone_at", "undone_by"])
    moved = regroup([row.kept_id, row.merged_id], at=at)
    parted = [(former, root) for former, targets in moved.items() for root in targets]
    foundation.execute(
        _REFUSE_BOTH, [[former for former, _root in parted], [root for _former, root in parted], row.at]
    )
    _tell(
        [
            (CustomerUnmerged(former, root, subjects), f"merge:{row.pk}:undone:{root}")
            for former, targets in sorted(moved.items())
            for root, subjects in sorted(targets.items())
        ],
        at,
        None,
    )
    detail = {"kept_id": row.kept_id, "merged_id": row.merged_id}
    foundation.audit(by, "customer.unmerged", "customer", row.kept_id, detail, at=at)


def _tell(
    told: Sequence[tuple[CustomerMerged | CustomerUnmerged, str]], at: datetime, origin: facts.Origin | None
) -> None:
    anchors = anchors_of(payload.merged_id for payload, _key in told)
    facts.record(
        [
            facts.NewFact(
                name="customer.merged" if isinstance(payload, CustomerMerged) else "customer.unmerged",
                payload=payload,
                occurred_at=at,
                subject_id=anchors[payload.merged_id],
                source=OWNER,
                external_id=key,
                origin=origin,
            )
            for payload, key in told
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
