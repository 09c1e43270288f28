"""Those of a stage by their last order from one index: that order goes against the stage, or with it."""

from django.db import migrations, models
from django.db.models import F


class Migration(migrations.Migration):
    dependencies = [("insights_cards", "0002_sample")]
    operations = [
        migrations.AddIndex(
            model_name="card",
            index=models.Index(
                F("stage"),
                F("last_order_at").asc(nulls_first=True),
                F("customer_id").asc(),
                name="card_stage_by_last_order",
            ),
        ),
        migrations.RemoveIndex(model_name="card", name="card_stage"),
    ]
