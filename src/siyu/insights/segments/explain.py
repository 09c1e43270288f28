"""Why is this person in (or not in) this segment, and since which fact?"""

from __future__ import annotations

from datetime import datetime

from siyu.insights.segments.contracts import Explanation
from siyu.records.staff.contracts import Scope


def explain(segment_id: int, customer_id: int, *, scope: Scope, at: datetime) -> Explanation:
    """Each condition with whether it holds, the value found and since which fact; NotFound out of scope."""
    raise NotImplementedError
