"""Shares of orders with a known buyer, kept where counting them takes long."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records_commerce", "0002_refund_fact")]
    operations = [
        migrations.CreateModel(
            name="MatchRate",
            fields=[
                ("source", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("orders", models.BigIntegerField()),
                ("matched", models.BigIntegerField()),
                ("counted_at", models.DateTimeField()),
            ],
        ),
    ]
