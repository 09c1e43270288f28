"""The app that does it when Django is ready."""

from __future__ import annotations

import os

from django.apps import AppConfig

CHOSEN = "SIYU_PROOF_SABOTAGE"


class Sabotage(AppConfig):
    """Reads from the environment what to spoil."""

    name = "proof.sabotage"
    label = "proof_sabotage"

    def ready(self) -> None:
        """Spoil it."""
        # Only now: these import tables.
        from proof.sabotage.switches import SWITCHES  # noqa: PLC0415

        for name in os.environ.get(CHOSEN, "").split(","):
            SWITCHES[name].spoil()
