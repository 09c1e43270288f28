"""Django app of insights/metrics."""

from django.apps import AppConfig


class Config(AppConfig):
    """Registers the module's tables and messages under the label insights_metrics."""

    name = "siyu.insights.metrics"
    label = "insights_metrics"
    default_auto_field = "django.db.models.BigAutoField"
