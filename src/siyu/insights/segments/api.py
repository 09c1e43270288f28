"""Front door of insights/segments."""

from siyu.insights.segments.contracts import (
    AllOf,
    AnyOf,
    BuildState,
    ConditionView,
    Custom,
    Explanation,
    FactCount,
    HasTag,
    InSegment,
    MemberView,
    Node,
    Not,
    PayloadFilter,
    Predicate,
    Preview,
    RebuildReport,
    SegmentEntered,
    SegmentLeft,
    SegmentView,
    Trait,
    Tree,
)
from siyu.insights.segments.defaults import install_defaults
from siyu.insights.segments.describe import in_words
from siyu.insights.segments.explain import explain
from siyu.insights.segments.operations import archive_segment, create_segment, update_segment
from siyu.insights.segments.queries import (
    get_segment,
    matching,
    member_fragment,
    member_ids,
    members,
    memberships,
    preview_count,
    segments,
)
from siyu.insights.segments.rebuild import rebuild
from siyu.insights.segments.registry import PREDICATES
from siyu.insights.segments.rules import parse_tree, tree_to_json

__all__ = [
    "PREDICATES",
    "AllOf",
    "AnyOf",
    "BuildState",
    "ConditionView",
    "Custom",
    "Explanation",
    "FactCount",
    "HasTag",
    "InSegment",
    "MemberView",
    "Node",
    "Not",
    "PayloadFilter",
    "Predicate",
    "Preview",
    "RebuildReport",
    "SegmentEntered",
    "SegmentLeft",
    "SegmentView",
    "Trait",
    "Tree",
    "archive_segment",
    "create_segment",
    "explain",
    "get_segment",
    "in_words",
    "install_defaults",
    "matching",
    "member_fragment",
    "member_ids",
    "members",
    "memberships",
    "parse_tree",
    "preview_count",
    "rebuild",
    "segments",
    "tree_to_json",
    "update_segment",
]
