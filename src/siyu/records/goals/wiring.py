"""What goals registers into lower registries at start-up."""

from __future__ import annotations

from siyu.records.goals import personal


def wire() -> None:
    """Declare the personal-data policy."""
    personal.declare()
