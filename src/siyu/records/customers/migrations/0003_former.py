"""An index of who a subject belonged to before: few rows, asked for at every draw of a control group."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds the index."""

    dependencies = [("records_customers", "0002_sight")]

    operations = [
        migrations.AddIndex(
            model_name="subjectmap",
            index=models.Index(
                fields=["subject_id"],
                name="subject_map_former",
                condition=models.Q(valid_to__isnull=False),
            ),
        ),
    ]
