"""Reading definitions from the database."""

from __future__ import annotations

from siyu.foundation import api as foundation
from siyu.insights.segments.contracts import BuildState, Tree
from siyu.insights.segments.rules import parse_tree


def active_trees() -> dict[int, Tree]:
    """The trees of all segments that are kept up to date (built and not archived), by id."""
    return {row[0]: parse_tree(row[1]) for row in _definitions("s.state = %s", [BuildState.READY.value])}


def living_trees() -> dict[int, Tree]:
    """The trees of all segments that are not archived, built or not, by id."""
    return {row[0]: parse_tree(row[1]) for row in _definitions("TRUE", [])}


def _definitions(condition: str, params: list[str]) -> list[tuple[int, dict[str, object]]]:
    rows = foundation.fetch_dicts(
        "SELECT s.id, v.definition FROM insights_segments_segment s"
        " JOIN insights_segments_segmentversion v ON v.segment_id = s.id AND v.version = s.version"
        f" WHERE s.archived_at IS NULL AND {condition} ORDER BY s.id",
        params,
    )
    return [(row["id"], _loaded(row["definition"])) for row in rows]


def _loaded(value: object) -> dict[str, object]:
    return json.loads(value) if isinstance(value, str) else dict(value)  # type: ignore[call-overload,no-any-return]
