"""An index of those merged away, who are few: scopes look them up beside everybody's own assignments."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("records_customers", "0001_initial")]
    operations = [
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(fields=["id"], name="customer_merged_away", condition=~Q(root_id=F("id"))),
        )
    ]
