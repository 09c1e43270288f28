"""Registrations of insights/cards."""

from __future__ import annotations

from siyu.insights.cards import personal


def wire() -> None:
    """Declare personal data."""
    personal.declare()
