"""专属导购: who serves whom, with history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers.contracts import OWNER, AssignSpec, Cause, CustomerAssigned, Steward, cause_of
from siyu.records.customers.operations.locks import lock_roots
from siyu.records.customers.operations.sight import see_anew
from siyu.records.customers.queries.map import anchors_of, erased_among
from siyu.records.customers.queries.relations import stewards_of
from siyu.records.staff import api as staff


def assign(
    customer_ids: Iterable[int],
    employee_id: int,
    *,
    at: datetime,
    reason: str,
    by: foundation.Principal | None = None,
    only_unassigned: bool = False,
    origin: facts.Origin | None = None,
    cause: Cause = None,
) -> int:
    """Give customers one 专属导购; returns how many changed (see ``assign_many``)."""
    specs = [AssignSpec(customer, employee_id) for customer in customer_ids]
    return assign_many(
        specs, at=at, reason=reason, by=by, only_unassigned=only_unassigned, origin=origin, cause=cause
    )


def assign_many(
    specs: Sequence[AssignSpec],
    *,
    at: datetime,
    reason: str,
    by: foundation.Principal | None = None,
    only_unassigned: bool = False,
    origin: facts.Origin | None = None,
    cause: Cause = None,
) -> int:
    """Give each customer its 专属导购 from ``at`` on; returns how many changed.

    The unit is where the employee works at ``at`` and stays with this period when the employee moves.
    Unchanged where that employee serves the customer already, where somebody does and
    ``only_unassigned`` is set, where a later assignment is known (a late word changes nothing), and of the erased.
    The last spec of a customer counts. Set-based; customers are locked in id order.
    """
    roots = lock_roots(spec.customer_id for spec in specs)
    wanted = {roots[spec.customer_id]: spec.employee_id for spec in specs if spec.customer_id in roots}
    wanted = {customer: wanted[customer] for customer in wanted.keys() - erased_among(wanted)}
    current = stewards_of(wanted)
    changed = sorted(
        customer
        for customer, employee in wanted.items()
        if _changes(current.get(customer), employee, at, only_unassigned)
    )
    if not changed:
        return 0
    employees = [wanted[customer] for customer in changed]
    units = staff.units_at([(employee, at) for employee in employees])
    foundation.execute(
        """UPDATE records_customers_assignment a SET until = greatest(a.since, %s)
           FROM records_customers_customer c
           WHERE c.id = a.customer_id AND c.root_id = ANY(%s) AND a.until IS NULL""",
        [at, changed],
    )
    rows = foundation.fetch(
        """INSERT INTO records_customers_assignment (customer_id, employee_id, unit_id, since, reason, by)
           SELECT n.*, %s, %s, %s FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS n
           RETURNING customer_id, id, employee_id, unit_id""",
        [at, reason[:100], by.display_name[:100] if by else "", changed, employees, units],
    )
    see_anew(changed)
    _tell(rows, current, reason, at=at, origin=origin, cause=cause)
    return len(rows)


def _changes(current: Steward | None, employee_id: int, at: datetime, only_unassigned: bool) -> bool:
    if current is None:
        return True
    return not only_unassigned and current.employee_id != employee_id and current.since <= at


def _tell(
    rows: Sequence[tuple[int, int, int, int | None]],
    before: dict[int, Steward],
    reason: str,
    *,
    at: datetime,
    origin: facts.Origin | None,
    cause: Cause,
) -> None:
    anchors = anchors_of(row[0] for row in rows)
    facts.record(
        [
            facts.NewFact(
                name="customer.assigned",
                payload=CustomerAssigned(
                    customer_id=customer,
                    employee_id=employee,
                    unit_id=unit,
                    previous_employee_id=before[customer].employee_id if customer in before else None,
                    reason=reason,
                ),
                occurred_at=at,
                subject_id=anchors[customer],
                source=OWNER,
                external_id=f"assignment:{number}:made",
                origin=origin,
                cause=cause_of(cause, customer),
            )
            for customer, number, employee, unit in rows
        ],
        at=at,
    )
