"""What each number means."""

from __future__ import annotations

from siyu.insights.metrics.contracts import MetricDefinition

DEFINITIONS: dict[str, MetricDefinition] = {}
TODAY: tuple[str, ...] = (
    "sales",
    "new_customers",
    "lost_customers",
    "task_completion",
    "repurchase_30d",
    "first_response",
    "welcome_delivered",
    "points_granted",
)
