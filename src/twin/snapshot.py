"""Writing the world to one JSON file and reading it back, atomically."""

from __future__ import annotations

import dataclasses
import json
import os
import types
import typing
from functools import cache
from pathlib import Path
from typing import Any

from twin.state import State

FORMAT = 1


@cache
def _fields(cls: type) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    return {item.name: hints[item.name] for item in dataclasses.fields(cls)}


def _plain(value: object) -> object:
    """Dataclasses as dicts, one level at a time (json calls this for unknown objects)."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return value.__dict__
    raise TypeError(f"cannot write {type(value).__name__}")


def _build(hint: Any, value: Any) -> Any:
    """`value` from JSON as the annotated type `hint`."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        fields = _fields(hint)
        return hint(**{key: _build(fields[key], part) for key, part in value.items()})
    origin = typing.get_origin(hint)
    if origin is list:
        (inner,) = typing.get_args(hint)
        return [_build(inner, part) for part in value]
    if origin is dict:
        inner = typing.get_args(hint)[1]
        return {key: _build(inner, part) for key, part in value.items()}
    if origin in (types.UnionType, typing.Union) and value is not None:
        return _build(typing.get_args(hint)[0], value)
    return value


def dump(state: State) -> bytes:
    """The state as JSON bytes."""
    document = {"format": FORMAT, "state": state}
    return json.dumps(document, ensure_ascii=False, default=_plain, separators=(",", ":")).encode()


def write(path: Path, content: bytes) -> None:
    """Replace the file in one step, so that a crash leaves the old or the new one whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    with draft.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(path)


def read(path: Path) -> State:
    """The state of a file made by `write`."""
    document = json.loads(path.read_bytes())
    if document.get("format") != FORMAT:
        raise SystemExit(f"{path}: made by another version of the twin; delete it to start anew")
    built = _build(State, document["state"])
    assert isinstance(built, State)
    return built
