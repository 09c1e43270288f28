from django.db import migrations


class Migration(migrations.Migration):
    """Whether an attempt was unclear is written on the delivery alone."""

    dependencies = [("connectors_wecom", "0001_initial")]

    operations = [migrations.RemoveField(model_name="welcomecode", name="unclear")]
