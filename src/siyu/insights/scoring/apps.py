"""Django app of insights/scoring."""

from django.apps import AppConfig


class Config(AppConfig):
    """Registers the module's tables and messages under the label insights_scoring."""

    name = "siyu.insights.scoring"
    label = "insights_scoring"
    default_auto_field = "django.db.models.BigAutoField"
