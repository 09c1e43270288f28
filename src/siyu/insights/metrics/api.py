"""Front door of insights/metrics."""

from siyu.insights.metrics.attention import attention
from siyu.insights.metrics.contracts import Attention, MetricDefinition, MetricRow, MetricValue, Status, Unit
from siyu.insights.metrics.definitions import DEFINITIONS, TODAY
from siyu.insights.metrics.keeping import keep
from siyu.insights.metrics.queries import metric, series, today
from siyu.insights.metrics.rows import rows

__all__ = [
    "DEFINITIONS",
    "TODAY",
    "Attention",
    "MetricDefinition",
    "MetricRow",
    "MetricValue",
    "Status",
    "Unit",
    "attention",
    "keep",
    "metric",
    "rows",
    "series",
    "today",
]
