"""Hands the ports of connectors to interfaces, which may not know each other."""

from __future__ import annotations

from siyu.connectors.commerce import api as commerce_files
from siyu.interfaces.console import api as console


def wire() -> None:
    """Called once at start-up, after the modules' own wiring and before registries freeze."""
    console.IMPORTS.register("orders", commerce_files)
