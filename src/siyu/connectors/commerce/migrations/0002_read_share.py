"""How far a file has been read, for a progress that tells the truth."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connectors_commerce", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="import",
            name="read_share",
            field=models.FloatField(db_default=0),
        ),
    ]
