"""Django app of the order-file connector."""

from django.apps import AppConfig


class CommerceConnectorConfig(AppConfig):
    """connectors/commerce."""

    name = "siyu.connectors.commerce"
    label = "connectors_commerce"
    default_auto_field = "django.db.models.BigAutoField"
