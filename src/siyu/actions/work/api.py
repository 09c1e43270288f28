"""The front door of work."""

from siyu.actions.work.contracts import (
    CARE,
    FOLLOW_UP,
    RESULT_LABELS,
    STATE_LABELS,
    Created,
    TaskCounts,
    TaskFilter,
    TaskResult,
    TaskSpec,
    TaskState,
    TaskView,
)
from siyu.actions.work.operations import complete, create_tasks, expire_tasks
from siyu.actions.work.queries import brand_today, get_task, task_counts, tasks

__all__ = [
    "CARE",
    "FOLLOW_UP",
    "RESULT_LABELS",
    "STATE_LABELS",
    "Created",
    "TaskCounts",
    "TaskFilter",
    "TaskResult",
    "TaskSpec",
    "TaskState",
    "TaskView",
    "brand_today",
    "complete",
    "create_tasks",
    "expire_tasks",
    "get_task",
    "task_counts",
    "tasks",
]
