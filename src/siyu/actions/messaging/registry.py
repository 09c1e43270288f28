"""The registry of channels, filled by the connectors' wiring."""

from __future__ import annotations

from siyu.actions.messaging.contracts import Channel
from siyu.foundation.api import Registry

CHANNELS: Registry[Channel] = Registry("messaging.channels")
