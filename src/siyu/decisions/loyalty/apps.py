"""Django app of loyalty."""

from django.apps import AppConfig


class LoyaltyConfig(AppConfig):
    """decisions/loyalty."""

    name = "siyu.decisions.loyalty"
    label = "decisions_loyalty"
    default_auto_field = "django.db.models.BigAutoField"
