"""Registers what lower modules must know of acquisition."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from siyu.decisions.acquisition import personal
from siyu.decisions.acquisition.contracts import ChannelAttributed
from siyu.facts import api as facts


def _attributed(fact: facts.Fact) -> facts.TimelineEntry:
    payload: ChannelAttributed = fact.payload
    return facts.TimelineEntry(
        title=_("Came through the live code %(name)s"), icon="qrcode", params={"name": payload.code_name}
    )


def wire() -> None:
    """Called once at start-up."""
    personal.declare()
    facts.TIMELINE.register("channel.attributed", _attributed)
