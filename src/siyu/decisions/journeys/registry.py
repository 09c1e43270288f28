"""The registry of questions a branch can ask."""

from __future__ import annotations

from siyu.decisions.journeys.contracts import Predicate
from siyu.foundation.api import Registry

PREDICATES: Registry[Predicate] = Registry("journeys.predicates")
