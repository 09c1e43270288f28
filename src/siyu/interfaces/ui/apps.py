"""Django's handle on the shared face."""

from __future__ import annotations

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Templates, tags and static files used by console, workbench and portal."""

    name = "siyu.interfaces.ui"
    label = "interfaces_ui"
    default_auto_field = "django.db.models.BigAutoField"
