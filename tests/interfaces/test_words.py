"""Whoever writes no programs can read the machinery's pages: work and deeds have names."""

from __future__ import annotations

import ast
from pathlib import Path

from siyu.foundation import api as foundation
from siyu.interfaces.console.words import STATES

SOURCE = Path(__file__).resolve().parents[2] / "src" / "siyu"


def test_every_kind_of_work_has_a_name() -> None:
    known = STATES["job_name"]
    assert [name for name, _job in foundation.JOBS.items() if name not in known] == []


def test_every_deed_in_the_audit_trail_has_a_name() -> None:
    deeds = {deed for file in SOURCE.rglob("*.py") for deed in _deeds(ast.parse(file.read_text()))}
    assert len(deeds) > 30
    assert sorted(deeds - set(STATES["verb"])) == []


def _deeds(tree: ast.Module) -> set[str]:
    """Second arguments of audit(), and what is put into a variable called verb."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and _name(node.func) in ("audit", "_note", "_move")
            and len(node.args) > 1
        ):
            found |= {text for one in node.args[1:] for text in _texts(one)}
        if isinstance(node, ast.Assign) and "verb" in {_name(one) for one in ast.walk(node.targets[0])}:
            found |= _texts(node.value)
    return found


def _texts(node: ast.AST) -> set[str]:
    texts = {
        one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }
    return {text for text in texts if "." in text.strip(".") and " " not in text}


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
