"""Django's view of this module."""

from django.apps import AppConfig


class Config(AppConfig):
    """Registers the module under its label."""

    name = "siyu.interfaces.portal"
    label = "interfaces_portal"
