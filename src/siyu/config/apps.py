"""The last application to start: it wires the others."""

from django.apps import AppConfig

from siyu.config import discovery


class Config(AppConfig):
    """Runs discovery once all models are loaded."""

    name = "siyu.config"
    label = "config"

    def ready(self) -> None:
        """Fill and freeze the registries."""
        discovery.wire()
