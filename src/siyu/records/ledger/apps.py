"""Django app of the ledger."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """records/ledger."""

    name = "siyu.records.ledger"
    label = "records_ledger"
    default_auto_field = "django.db.models.BigAutoField"
