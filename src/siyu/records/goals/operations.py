"""Put customers into the arms of a hold-out, once and for good."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput
from siyu.records.customers import api as customers
from siyu.records.goals import rules
from siyu.records.goals.contracts import Arm
from siyu.records.goals.queries import arms_of
from siyu.records.goals.settings import MINIMUM_AUDIENCE


def assign_holdout(
    scope_key: str,
    customer_ids: Iterable[int],
    share_ppm: int,
    *,
    at: datetime,
    minimum_audience: int | None = None,
    audience: int | None = None,
) -> dict[int, Arm]:
    """The arm of each customer in the hold-out ``scope_key``; who has one keeps it.

    ``share_ppm`` is the held-out share in parts per million. The draw is a keyed hash of hold-out and
    customer: the same at every call and in any order, and not to be guessed. While the audience (the
    larger of ``audience``, if the caller expects more, and everybody assigned so far plus these) is
    below the minimum (default: setting goals.minimum_audience), new people are treated and counted as
    NO_HOLDOUT: 样本不足. Whoever was drawn before under another id, merged since or merged then and undone
    since, keeps the first arm. Set-based and race-safe. Raises BadInput("holdout.share").
    """
    if not 0 <= share_ppm <= rules.WHOLE:
        raise BadInput("holdout.share", _("A share lies between 0 and 1,000,000 parts per million."))
    ids = sorted(set(customer_ids))
    stored = arms_of(scope_key, ids)
    new = [customer for customer in ids if customer not in stored]
    if not new:
        return stored
    if minimum_audience is None:
        minimum_audience = foundation.get_setting(MINIMUM_AUDIENCE, at=at)
    reached = audience or 0
    if reached < minimum_audience:
        assigned = foundation.fetch(
            "SELECT count(*) FROM records_goals_holdoutassignment WHERE scope_key = %s", [scope_key]
        )[0][0]
        reached = max(reached, assigned + len(new))
    if reached < minimum_audience:
        arms = dict.fromkeys(new, Arm.NO_HOLDOUT)
    else:
        arms = {customer: rules.arm_of(_draw(scope_key, customer), share_ppm) for customer in new}
    arms |= _under_other_ids(scope_key, new)
    foundation.execute(
        """INSERT INTO records_goals_holdoutassignment (scope_key, customer_id, arm, share_ppm, at)
           SELECT %s, n.customer_id, n.arm, %s, %s FROM unnest(%s::bigint[], %s::text[]) AS n(customer_id, arm)
           ORDER BY n.customer_id ON CONFLICT DO NOTHING""",
        [scope_key, share_ppm, at, list(arms), [arm.value for arm in arms.values()]],
    )
    # Read back: of two workers at once the first one's word counts.
    return {**stored, **arms_of(scope_key, new)}


def _under_other_ids(scope_key: str, new: list[int]) -> dict[int, Arm]:
    """The first arm that each person was drawn into under another of their ids, also of a merge since undone."""
    others: dict[int, dict[int, datetime | None]] = {
        customer: dict(former) for customer, former in customers.former_ids(new).items()
    }
    for customer, ids in customers.same_person(new).items():
        others.setdefault(customer, {}).update(dict.fromkeys(ids))
    if not others:
        return {}
    drawn = {
        customer: (number, at, Arm(arm))
        for customer, number, at, arm in foundation.fetch(
            "SELECT customer_id, id, at, arm FROM records_goals_holdoutassignment"
            " WHERE scope_key = %s AND customer_id = ANY(%s)",
            [scope_key, sorted({other for ids in others.values() for other in ids})],
        )
    }
    found: dict[int, Arm] = {}
    for customer, ids_until in others.items():
        theirs = [
            (number, arm)
            for other, until in ids_until.items()
            if other in drawn
            for number, at, arm in [drawn[other]]
            if until is None or at <= until
        ]
        if theirs:
            found[customer] = min(theirs)[1]
    return found


def _draw(scope_key: str, customer_id: int) -> bytes:
    return foundation.keyed_hash(f"{scope_key}\0{customer_id}", "holdout")
