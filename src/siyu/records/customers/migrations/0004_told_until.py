"""Under which end contact.ended was recorded: what has ended so far was told."""

from __future__ import annotations

from django.db import migrations, models

TOLD = "UPDATE records_customers_contact SET told_until = until WHERE until IS NOT NULL AND ended_by <> ''"


class Migration(migrations.Migration):
    """Adds and fills the column."""

    dependencies = [("records_customers", "0003_former")]

    operations = [
        migrations.AddField("contact", "told_until", models.DateTimeField(null=True)),
        migrations.RunSQL(TOLD, migrations.RunSQL.noop),
    ]
