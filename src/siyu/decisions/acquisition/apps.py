"""Django app of acquisition."""

from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    """Live codes and attribution."""

    name = "siyu.decisions.acquisition"
    label = "decisions_acquisition"
    default_auto_field = "django.db.models.BigAutoField"
