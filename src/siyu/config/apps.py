"""The last application to start: it wires the others."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class Config(AppConfig):
    """Runs discovery once all models are loaded."""

    name = "siyu.config"
    label = "config"

    def ready(self) -> None:
        """Fill and freeze the registries. Discovery imports models, which exist only from here on."""
        import_module("siyu.config.discovery").wire()
