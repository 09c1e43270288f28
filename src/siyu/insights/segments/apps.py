"""Django app of insights/segments."""

from django.apps import AppConfig


class Config(AppConfig):
    """Registers the module's tables and messages under the label insights_segments."""

    name = "siyu.insights.segments"
    label = "insights_segments"
    default_auto_field = "django.db.models.BigAutoField"
