from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("foundation_accounts", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="WrongTry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.BinaryField(max_length=16)),
                ("place", models.BinaryField(max_length=16)),
                ("at", models.DateTimeField(db_index=True)),
            ],
        ),
    ]
