"""Django's view of this module."""

from django.apps import AppConfig


class Config(AppConfig):
    """Registers the module under its label."""

    name = "siyu.interfaces.api"
    label = "interfaces_api"
    default_auto_field = "django.db.models.BigAutoField"
