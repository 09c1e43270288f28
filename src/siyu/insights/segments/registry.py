"""Conditions that higher modules bring to rule trees."""

from __future__ import annotations

from siyu.foundation import api as foundation
from siyu.insights.segments.contracts import Predicate

PREDICATES: foundation.Registry[Predicate] = foundation.Registry("segment_predicates")
