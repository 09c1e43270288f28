"""Rule trees: JSON ↔ tree."""

from __future__ import annotations

from typing import Any

from siyu.insights.segments.contracts import Definition, Tree


def parse_tree(definition: Definition) -> Tree:
    """Check the JSON of a definition and return its tree; BadInput names each bad node by its path."""
    raise NotImplementedError


def tree_to_json(tree: Tree) -> dict[str, Any]:
    """The JSON of a tree; ``parse_tree(tree_to_json(tree)) == tree``."""
    raise NotImplementedError
