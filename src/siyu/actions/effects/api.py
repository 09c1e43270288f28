"""The front door of effects."""

from siyu.actions.effects.contracts import (
    Effect,
    EffectItem,
    EffectResult,
    EffectStatus,
    Field,
    FieldKind,
    Text,
)
from siyu.actions.effects.registry import EFFECTS
from siyu.actions.effects.rules import PLACEHOLDERS, check_fields, with_defaults
from siyu.actions.effects.texts import skip_text

__all__ = [
    "EFFECTS",
    "PLACEHOLDERS",
    "Effect",
    "EffectItem",
    "EffectResult",
    "EffectStatus",
    "Field",
    "FieldKind",
    "Text",
    "check_fields",
    "skip_text",
    "with_defaults",
]
