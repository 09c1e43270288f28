"""Django app of insights/cards."""

from django.apps import AppConfig


class Config(AppConfig):
    """Registers the module's tables and messages under the label insights_cards."""

    name = "siyu.insights.cards"
    label = "insights_cards"
    default_auto_field = "django.db.models.BigAutoField"
