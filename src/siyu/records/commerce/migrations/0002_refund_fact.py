"""A refund knows the report it came by, so that it can become a dead letter when its order refuses it."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the column; empty for refunds known before and for those from files."""

    dependencies = [("records_commerce", "0001_initial")]

    operations = [
        migrations.AddField(model_name="refund", name="fact_id", field=models.BigIntegerField(null=True)),
    ]
