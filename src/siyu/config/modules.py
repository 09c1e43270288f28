"""Which modules there are; plain Python, because settings need it before Django is up."""

from __future__ import annotations

from pathlib import Path

import siyu

GROUPS = ("foundation", "facts", "records", "insights", "actions", "decisions", "connectors", "interfaces")
ROOT = Path(siyu.__file__).parent


def modules() -> list[str]:
    """Dotted names of all modules, lower groups first."""
    return [
        f"siyu.{group}.{place.parent.name}"
        for group in GROUPS
        for place in sorted((ROOT / group).glob("*/apps.py"))
    ]
