"""Django app of the WeCom connector."""

from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    """Connector to WeCom companies."""

    name = "siyu.connectors.wecom"
    label = "connectors_wecom"
    default_auto_field = "django.db.models.BigAutoField"
