"""An import contract of our own: a module is entered through its front door only.

import-linter ranks modules but lets anybody import anything of a lower one. This contract allows
imports across modules only of ``api`` and ``contracts`` (for foundation and facts: the group's ``api``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

DOORS = ("api", "contracts")
GROUP_DOORS = ("foundation", "facts")
OWN_DOOR = ("postgres",)  # plain Python that runs before Django is up


@dataclass(frozen=True)
class Trespass:
    """An import past a front door."""

    importer: str
    imported: str


def module_of(name: str, root: str) -> tuple[str, str] | None:
    """(group, module) of a dotted name; foundation and facts count as one module each; None outside."""
    parts = name.split(".")
    if parts[0] != root or len(parts) < 3:
        return None
    shared = parts[1] in GROUP_DOORS and parts[2] not in OWN_DOOR
    return (parts[1], "") if shared else (parts[1], parts[2])


def is_door(name: str, root: str) -> bool:
    """Whether a dotted name may be imported from outside of its module."""
    parts = name.split(".")
    if parts[1] in GROUP_DOORS and parts[2] not in OWN_DOOR:
        return parts[2:] == ["api"]
    return len(parts) >= 4 and parts[3] in DOORS and (len(parts) == 4 or parts[3] == "contracts")


def trespasses(graph: ImportGraph, root: str, open_modules: set[str], allowed: set[str]) -> list[Trespass]:
    """All imports past a front door, apart from whole modules that are open and single names allowed."""
    found = []
    for importer in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(importer)):
            target = module_of(imported, root)
            if target is None or target[0] in ("kit", "config") or target == module_of(importer, root):
                continue
            if (
                ".".join([root, *target]).rstrip(".") in open_modules
                or f"{importer} -> {imported}" in allowed
            ):
                continue
            if not is_door(imported, root):
                found.append(Trespass(importer, imported))
    return found


class FrontDoorContract(Contract):
    """``open_modules`` are libraries without a door; ``allowed`` lists single imports, each with its reason."""

    type_name = "front_door"

    root = fields.StringField()
    open_modules = fields.SetField(subfield=fields.StringField(), required=False)
    allowed = fields.SetField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Find every import past a door."""
        found = trespasses(
            graph,
            str(self.root),
            set(self.open_modules or ()),  # type: ignore[arg-type]  # import-linter's fields are untyped
            set(self.allowed or ()),  # type: ignore[arg-type]
        )
        return ContractCheck(kept=not found, metadata={"trespasses": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each one."""
        rows: list[Any] = check.metadata["trespasses"]
        for row in rows:
            output.print_error(f"{row.importer} imports {row.imported}; import its api or contracts instead")
