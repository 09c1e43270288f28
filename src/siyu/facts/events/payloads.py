"""Turn payload dataclasses into JSON and back, strictly."""

from __future__ import annotations

import dataclasses
import json
import re
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from siyu.kit.errors import BadInput


def dump(payload: Any) -> str:
    """A payload dataclass as JSON text; times in ISO 8601."""
    return _ENCODER.encode(_plain(payload))


def _plain(value: Any) -> Any:
    # dataclasses.asdict deep-copies every leaf and costs ten times as much on the hot path.
    kind: type = type(value)
    if kind in _LEAVES:
        return value
    if names := _names(kind):
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


_LEAVES = frozenset((str, int, bool, float, type(None), datetime))


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else ()


def _default(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not belong in a payload")


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=_default, separators=(",", ":"))


def load(kind: type, data: Mapping[str, Any], *, strict: bool = False) -> Any:
    """Build a payload dataclass from JSON data.

    Strict (data from outside) raises BadInput("event.payload") naming the field that is missing,
    unknown or of the wrong type; otherwise stored data is trusted and unknown fields are dropped.
    """
    return _loader(kind)(data, strict, "")


Load = Callable[[Any, bool, str], Any]


@cache
def _loader(kind: type) -> Load:
    hints = typing.get_type_hints(kind)
    fields = [
        (
            field.name,
            _converter(hints[field.name]),
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(kind)
    ]
    known = {name for name, *_rest in fields}

    def build(data: Any, strict: bool, path: str) -> Any:
        if not isinstance(data, Mapping):
            raise _wrong(path or "payload")
        if strict and (unknown := sorted(set(data) - known)):
            raise BadInput(
                "event.unknown_field",
                _("Unknown field: %(field)s. Remove it."),
                field=f"{path}{unknown[0]}"[:100],
            )
        values: dict[str, Any] = {}
        for name, convert, needed in fields:
            if name in data:
                values[name] = convert(data[name], strict, f"{path}{name}")
            elif needed:
                raise BadInput("event.missing_field", _("Missing field: %(field)s."), field=f"{path}{name}")
        return kind(**values)

    return build


def _wrong(path: str) -> BadInput:
    return BadInput("event.wrong_type", _("Field %(field)s has the wrong type or value."), field=path[:100])


def _converter(hint: Any) -> Load:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        inner = [_converter(arg) for arg in args if arg is not type(None)]
        optional = type(None) in args

        def union(value: Any, strict: bool, path: str) -> Any:
            if value is None and optional:
                return None
            for convert in inner:
                try:
                    return convert(value, strict, path)
                except BadInput:
                    if len(inner) == 1:
                        raise
            raise _wrong(path)

        return union
    if origin in (list, tuple):
        item = _converter(args[0])
        shape: type = origin

        def sequence(value: Any, strict: bool, path: str) -> Any:
            if not isinstance(value, list):
                raise _wrong(path)
            return shape(item(entry, strict, f"{path}[{index}].") for index, entry in enumerate(value))

        return sequence
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        nested = _loader(hint)
        return lambda value, strict, path: nested(value, strict, path if path.endswith(".") else f"{path}.")
    if hint is datetime:
        return _moment
    return _scalar(hint)


def _moment(value: Any, strict: bool, path: str) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _wrong(path) from None
    if moment.tzinfo is None:
        raise BadInput("event.naive_time", _("Field %(field)s needs a time zone."), field=path)
    if strict and not EARLIEST < moment < LATEST:
        raise _wrong(path)
    return moment


EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""PostgreSQL keeps moments that Python cannot read (the last hours of 9999 in the far west are the year 10000 in
UTC): a row with one stops whoever reads it, and a fact every subscription. And days are added to moments."""


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL and halves of surrogate pairs: JSON can write them, PostgreSQL cannot keep them."""


def _scalar(hint: Any) -> Load:
    origin = typing.get_origin(hint) or hint

    def scalar(value: Any, strict: bool, path: str) -> Any:
        if origin is Any:
            return value
        if origin is int and (not isinstance(value, int) or isinstance(value, bool) or abs(value) > 2**62):
            raise _wrong(path)
        if origin is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if (
            origin is str
            and isinstance(value, str)
            and strict
            and (len(value) > 10_000 or _UNSTORABLE.search(value))
        ):
            raise _wrong(path)
        if isinstance(origin, type) and not isinstance(value, origin):
            if issubclass(origin, str) and isinstance(value, str):
                try:
                    return origin(value)  # an enum of strings
                except ValueError:
                    raise _wrong(path) from None
            raise _wrong(path)
        return value

    return scalar
