"""Django app of commerce."""

from django.apps import AppConfig


class CommerceConfig(AppConfig):
    """records/commerce."""

    name = "siyu.records.commerce"
    label = "records_commerce"
    default_auto_field = "django.db.models.BigAutoField"
