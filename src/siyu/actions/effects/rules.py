"""Pure rules of effects: checking parameters, filling placeholders."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from siyu.actions.effects.contracts import Field, FieldKind, Text

PLACEHOLDERS = ("customer", "clerk", "brand")
_MARK = re.compile(r"\{([^{}]*)\}")


def check_fields(fields: Sequence[Field], params: Mapping[str, Any]) -> dict[str, Text]:
    """Field name → what is wrong with its value; also names that no field has. Empty = fine."""
    wrong: dict[str, Text] = {}
    names = {field.name for field in fields}
    for name in params:
        if name not in names:
            wrong[name] = _("This step does not know this field.")
    for field in fields:
        message = _check(field, params.get(field.name, field.default))
        if message is not None:
            wrong[field.name] = message
    return wrong


def _check(field: Field, value: Any) -> Text | None:
    if value is None or value == "":
        return _("Fill in this field.") if field.required else None
    if field.kind is FieldKind.FLAG:
        return None if isinstance(value, bool) else _("Choose yes or no.")
    if field.kind in (FieldKind.NUMBER, FieldKind.DAYS):
        return _check_number(field, value)
    if not isinstance(value, str):
        return _("Enter text.")
    if field.max_length is not None and len(value) > field.max_length:
        return _("Keep it under %(limit)s characters.") % {"limit": field.max_length}
    choices = field.choices() if field.kind is FieldKind.CHOICE and field.choices is not None else None
    if choices is not None and value not in {key for key, _label in choices}:
        return _("Choose one of the list.")
    if field.kind is FieldKind.TEXT and (unknown := unknown_placeholders(value)):
        return _("There is no placeholder {%(name)s}.") % {"name": unknown[0]}
    return None


def _check_number(field: Field, value: Any) -> Text | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return _("Enter a whole number.")
    if field.minimum is not None and value < field.minimum:
        return _("Enter at least %(minimum)s.") % {"minimum": field.minimum}
    if field.maximum is not None and value > field.maximum:
        return _("Enter at most %(maximum)s.") % {"maximum": field.maximum}
    return None


def unknown_placeholders(text: str) -> list[str]:
    """Names in curly brackets that nobody fills."""
    return [name for name in _MARK.findall(text) if name not in PLACEHOLDERS]


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in place of ``{customer}``, ``{clerk}``, ``{brand}``; anything else stays as it is."""
    return _MARK.sub(lambda found: values.get(found.group(1), found.group(0)), text)


def with_defaults(fields: Sequence[Field], params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with the defaults of what was left out."""
    return {field.name: params.get(field.name, field.default) for field in fields}
