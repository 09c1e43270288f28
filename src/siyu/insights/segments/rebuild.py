"""Build the members of segments from nothing, and say by how much the kept state differed."""

from __future__ import annotations

from datetime import datetime

from siyu.insights.segments.contracts import RebuildReport


def rebuild(segment_id: int | None = None, *, at: datetime) -> list[RebuildReport]:
    """Rebuild one segment, or all in order of dependence."""
    raise NotImplementedError
