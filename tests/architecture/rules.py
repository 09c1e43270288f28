"""The rules of the house as functions that return what breaks them, so that tests can break them on purpose."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.db import models
from django.db.migrations.loader import MigrationLoader

GROUPS = (
    "kit",
    "foundation",
    "facts",
    "records",
    "insights",
    "actions",
    "decisions",
    "connectors",
    "interfaces",
)
RANK = {
    "kit": 0,
    "foundation": 1,
    "facts": 2,
    "records": 3,
    "insights": 4,
    "actions": 4,
    "decisions": 5,
    "connectors": 6,
    "interfaces": 6,
}
FACT_NAME = re.compile(r"[a-z_]+\.[a-z]+(_[a-z]+)*")


def group_of(label: str) -> str:
    """The group of a Django app label such as records_ledger; Django's own apps count as foundation."""
    group = label.split("_", 1)[0]
    return group if group in RANK else "foundation"


def bad_relations(found: Iterable[type[models.Model]]) -> Iterator[str]:
    """Relations that do not stay inside a module."""
    for model in found:
        for field in model._meta.get_fields(include_hidden=True):
            if not isinstance(field, models.ForeignKey | models.ManyToManyField) or field.model is not model:
                continue
            other = field.related_model._meta.app_label
            if other != model._meta.app_label:
                yield f"{model._meta.label}.{field.name} → {other}: refer to other modules by a plain id column"


def bad_migrations(loader: MigrationLoader) -> Iterator[str]:
    """Migrations of ours that depend on a module of the same or a higher rank."""
    for (label, name), migration in sorted(loader.disk_migrations.items()):
        if label.split("_", 1)[0] not in RANK:
            continue
        for other, other_name in migration.dependencies:
            if other in (label, "__setting__") or other.split("_", 1)[0] not in RANK:
                continue
            if RANK[group_of(other)] >= RANK[group_of(label)]:
                yield f"{label}.{name} depends on {other}.{other_name}"


def bad_facts(declared: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """(declaring module, owner, fact name): owner is the declaring module's label, names are noun.past_tense."""
    for module, owner, name in declared:
        if owner != "_".join(module.split(".")[1:3]):
            yield f"{name} is declared by {module} but owned by {owner}"
        if not FACT_NAME.fullmatch(name) or not is_past(name.split(".")[1]):
            yield f"{name} is not noun.past_tense"


IRREGULAR = {
    "sent",
    "held",
    "lost",
    "won",
    "left",
    "taken",
    "unknown",
    "begun",
    "done",
    "met",
    "read",
    "bought",
    "paid",
    "found",
}


def is_past(verb: str) -> bool:
    """Whether a fact's verb reads as something that happened."""
    return any(part.endswith("ed") or part in IRREGULAR for part in verb.split("_"))


def personal_models(found: Iterable[type[models.Model]]) -> list[str]:
    """Labels of models that hold something about a person."""
    columns = {"customer_id", "subject_id"}
    return sorted(
        model._meta.label_lower
        for model in found
        if model._meta.managed and columns & {field.attname for field in model._meta.concrete_fields}
    )


def long_files(root: Path, limit: int = 500) -> Iterator[str]:
    """Files over the budget."""
    for file in sorted(root.rglob("*.py")):
        if "migrations" not in file.parts and (lines := len(file.read_text().splitlines())) > limit:
            yield f"{file.relative_to(root)} has {lines} lines"


def long_functions(root: Path, limit: int = 60) -> Iterator[str]:
    """Functions over the budget."""
    for file in sorted(root.rglob("*.py")):
        if "migrations" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > limit:
                    yield f"{file.relative_to(root)}:{node.lineno} {node.name} has {lines} lines"


def undocumented(root: Path) -> Iterator[str]:
    """Modules without a docstring, and public functions and classes of rules and doors without one."""
    for file in sorted(root.rglob("*.py")):
        if "migrations" in file.parts:
            continue
        tree = ast.parse(file.read_text())
        if file.read_text().strip() and not ast.get_docstring(tree):
            yield f"{file.relative_to(root)} has no docstring"
        if file.name in ("rules.py", "contracts.py"):
            for node in tree.body:
                public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
                if public and not ast.get_docstring(node):
                    yield f"{file.relative_to(root)}:{node.lineno} {node.name} has no docstring"


def forbidden_calls(root: Path) -> Iterator[str]:
    """Couplings that no import shows: get_model, Django signals, clocks below the doors."""
    for file in sorted(root.rglob("*.py")):
        if "migrations" in file.parts:
            continue
        place = file.relative_to(root)
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "get_model":
                yield f"{place}:{node.lineno} get_model"
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django.dispatch"):
                yield f"{place}:{node.lineno} Django signal"
            if isinstance(node, ast.ImportFrom) and node.module == "django.db.models.signals":
                yield f"{place}:{node.lineno} Django signal"
            if isinstance(node, ast.Attribute) and node.attr == "business_now" and reads_no_clock(place):
                yield f"{place}:{node.lineno} reads business time; take ``at``"


def reads_no_clock(place: Path) -> bool:
    """Places whose functions are given ``at``."""
    return place.parts[0] in ("records", "insights", "actions", "decisions") and place.name not in (
        "jobs.py",
    )
