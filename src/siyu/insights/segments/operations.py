"""Creating, changing and archiving segments."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.segments.check import check_tree
from siyu.insights.segments.contracts import BuildState, Definition, SegmentView
from siyu.insights.segments.members import FLIPS
from siyu.insights.segments.models import Segment, SegmentVersion
from siyu.insights.segments.queries import get_segment
from siyu.insights.segments.rebuild import rebuild
from siyu.insights.segments.rules import build_order, dependencies, parse_tree, tree_to_json
from siyu.insights.segments.store import living_trees, version_of
from siyu.kit.errors import BadInput, Conflict, NotFound
from siyu.records.staff.contracts import EVERYTHING

MAX_NAME = 60
MAX_DESCRIPTION = 500
LARGE = 50_000


def create_segment(
    name: str,
    definition: Definition,
    *,
    by: foundation.Principal,
    at: datetime,
    description: str = "",
    key: str | None = None,
    at_once: bool = False,
) -> SegmentView:
    """Check the definition, store it as version 1 and build its members.

    With more than ``LARGE`` customers a job builds them, unless ``at_once``; until then the state is
    PENDING. Raises BadInput (``fields`` maps the path of a node to what is wrong with it) or Conflict for a taken name.
    """
    tree = parse_tree(definition)
    check_tree(tree)
    clean = _clean_name(name)
    foundation.advisory_lock("segment_names")
    _check_free(clean)
    row = Segment.objects.create(
        key=key, name=clean, description=description.strip()[:MAX_DESCRIPTION], created_at=at
    )
    _add_version(row, tree_to_json(tree), by, at)
    foundation.audit(by, "segment.created", "segment", row.pk, {"version": 1}, at=at)
    _build([row.pk], at, at_once=at_once)
    return get_segment(row.pk, scope=EVERYTHING)


def update_segment(
    segment_id: int,
    *,
    by: foundation.Principal,
    at: datetime,
    name: str | None = None,
    description: str | None = None,
    definition: Definition | None = None,
) -> SegmentView:
    """Change name, description or definition; a changed definition is a new version and is built like a new one.

    People who enter or leave because the definition changed cause no facts. Raises like ``create_segment``.
    """
    tree = None if definition is None else parse_tree(definition)
    if tree is not None:
        check_tree(tree, segment_id=segment_id)
    foundation.advisory_lock("segment_names")
    row = _living(segment_id)
    if name is not None and _clean_name(name) != row.name:
        _check_free(_clean_name(name))
        row.name = _clean_name(name)
    if description is not None:
        row.description = description.strip()[:MAX_DESCRIPTION]
    changed = tree is not None and tree != living_trees()[segment_id]
    if changed and tree is not None:
        row.version += 1
        row.state = BuildState.PENDING
        _add_version(row, tree_to_json(tree), by, at)
    row.save()
    foundation.audit(by, "segment.changed", "segment", row.pk, {"version": row.version}, at=at)
    if changed:
        _build(_with_dependents(segment_id), at)
    return get_segment(segment_id, scope=EVERYTHING)


def archive_segment(segment_id: int, *, by: foundation.Principal, at: datetime) -> None:
    """Stop keeping a segment; its past members stay readable. Conflict when another segment refers to it."""
    row = _living(segment_id)
    users = [k for k, tree in living_trees().items() if segment_id in dependencies(tree).segment_ids]
    if users:
        names = ", ".join(
            Segment.objects.filter(pk__in=users).order_by("name").values_list("name", flat=True)
        )
        raise Conflict("segment_in_use", _("Other segments refer to it: %(names)s."), names=names)
    row.archived_at = at
    row.save()
    foundation.audit(by, "segment.archived", "segment", row.pk, at=at)
    foundation.execute(f"DELETE FROM {FLIPS} WHERE segment_id = %s", [segment_id])


def _build(segment_ids: list[int], at: datetime, *, at_once: bool = False) -> None:
    """Now where that takes a moment, else by a job, so that neither this page nor the worker's other work waits."""
    if at_once or not cards.more_than(LARGE):
        for segment_id in segment_ids:
            rebuild(segment_id, at=at)
        return
    first = segment_ids[0]
    # A build of an older version may be under way and knows nothing of the segments made since.
    foundation.enqueue(
        "segments.rebuild", {"segment_ids": segment_ids}, due_at=at, key=f"build:{first}:{version_of(first)}"
    )


def _with_dependents(segment_id: int) -> list[int]:
    """The segment and all that rest on it, in order of dependence."""
    trees = living_trees()
    needs = {k: dependencies(tree).segment_ids & trees.keys() for k, tree in trees.items()}
    stale = {segment_id}
    while more := {k for k, others in needs.items() if others & stale} - stale:
        stale |= more
    return [k for k in build_order(needs) if k in stale]


def _add_version(row: Segment, definition: dict[str, object], by: foundation.Principal, at: datetime) -> None:
    SegmentVersion.objects.create(
        segment=row,
        version=row.version,
        definition=definition,
        created_at=at,
        created_by=by.display_name[:100],
    )


def _living(segment_id: int) -> Segment:
    row = Segment.objects.filter(pk=segment_id, archived_at__isnull=True).first()
    if row is None:
        raise NotFound("segment_not_found", _("There is no such segment."))
    return row


def _clean_name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean or len(clean) > MAX_NAME:
        message = _("Give a name of at most %(max)s characters.") % {"max": MAX_NAME}
        raise BadInput("segment_name", message, fields={"name": message})
    return clean


def _check_free(name: str) -> None:
    if Segment.objects.filter(name=name, archived_at__isnull=True).exists():
        message = _("There is a segment of this name already.")
        raise Conflict("segment_name_taken", message)
