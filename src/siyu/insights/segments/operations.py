"""Creating, changing and archiving segments."""

from __future__ import annotations

from datetime import datetime

from siyu.insights.segments.contracts import Definition, SegmentView


def create_segment(
    name: str, definition: Definition, *, by: str, at: datetime, description: str = "", key: str | None = None
) -> SegmentView:
    """Check the definition, store it as version 1 and build its members at once.

    Raises BadInput (``fields`` maps the path of a node to what is wrong with it) or Conflict for a taken name.
    """
    raise NotImplementedError


def update_segment(
    segment_id: int,
    *,
    by: str,
    at: datetime,
    name: str | None = None,
    description: str | None = None,
    definition: Definition | None = None,
) -> SegmentView:
    """Change name or definition; a changed definition is a new version and is built at once."""
    raise NotImplementedError


def archive_segment(segment_id: int, *, by: str, at: datetime) -> None:
    """Stop keeping a segment. Conflict when another segment refers to it."""
    raise NotImplementedError
