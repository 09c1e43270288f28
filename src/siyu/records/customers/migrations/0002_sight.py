"""Who sees whom, kept: made from the assignments, friendships and merges that there are."""

from django.db import migrations, models

# Filled before the second index is made: sorted once instead of grown row by row.
_FILL = """
INSERT INTO records_customers_sight (customer_id, viewer)
SELECT c.root_id, v.viewer
FROM records_customers_assignment a JOIN records_customers_customer c ON c.id = a.customer_id
CROSS JOIN LATERAL (VALUES (a.employee_id), (-a.unit_id)) AS v(viewer)
WHERE a.until IS NULL AND v.viewer IS NOT NULL
UNION
SELECT m.customer_id, k.employee_id
FROM records_customers_contact k
JOIN records_customers_subjectmap m ON m.subject_id = k.subject_id AND m.valid_to IS NULL
WHERE k.until IS NULL
ORDER BY 1, 2
"""


class Migration(migrations.Migration):
    dependencies = [("records_customers", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="Sight",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "customer_id",
                        "viewer",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("customer_id", models.BigIntegerField()),
                ("viewer", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("viewer", 0), _negated=True), name="sight_of_somebody"
                    )
                ],
            },
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="sight",
            index=models.Index(fields=["viewer", "customer_id"], name="sight_of_viewer"),
        ),
    ]
