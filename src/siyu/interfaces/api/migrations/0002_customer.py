from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("interfaces_api", "0001_initial")]

    operations = [
        migrations.AddField("idempotentcall", "customer_id", models.BigIntegerField(null=True)),
        migrations.AddIndex(
            "idempotentcall",
            models.Index(
                fields=["customer_id"],
                name="idempotent_customer",
                condition=models.Q(customer_id__isnull=False),
            ),
        ),
    ]
