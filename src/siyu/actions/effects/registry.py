"""The registry of effects."""

from __future__ import annotations

from siyu.actions.effects.contracts import Effect
from siyu.foundation.api import Registry

EFFECTS: Registry[Effect] = Registry("effects")
