"""The front door of goals."""

from siyu.records.goals.contracts import ARM_LABELS, Arm, HoldoutCounts
from siyu.records.goals.operations import assign_holdout
from siyu.records.goals.queries import arms_of, holdout_counts

__all__ = ["ARM_LABELS", "Arm", "HoldoutCounts", "arms_of", "assign_holdout", "holdout_counts"]
