"""Django's handle on the console."""

from __future__ import annotations

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Pages for owner, lead, managers, operators, analysts, administrators."""

    name = "siyu.interfaces.console"
    label = "interfaces_console"
    default_auto_field = "django.db.models.BigAutoField"
