"""Index for expiry only what is handled, so that a message that comes in enters one index fewer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("facts_inbox", "0001_initial"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="rawmessage",
            name="raw_done",
        ),
        migrations.AddIndex(
            model_name="rawmessage",
            index=models.Index(
                condition=models.Q(("body__isnull", False), ("done_at__isnull", False)),
                fields=["done_at"],
                name="raw_done",
            ),
        ),
    ]
