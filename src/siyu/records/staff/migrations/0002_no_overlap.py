"""Periods of one unit, and of one employee, never overlap.

``btree_gist`` is not in the embedded PostgreSQL; a range of one number does its work.
"""

from django.db import migrations

TABLES = (
    ("records_staff_unitversion", "unit_id", "valid_from", "valid_to", "unit_version_no_overlap"),
    ("records_staff_employment", "employee_id", "since", "until", "employment_no_overlap"),
)


class Migration(migrations.Migration):
    dependencies = [("records_staff", "0001_initial")]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} EXCLUDE USING gist "
            f"(int8range({owner}, {owner}, '[]') WITH &&, tstzrange({start}, {end}) WITH &&)",
            f"ALTER TABLE {table} DROP CONSTRAINT {name}",
        )
        for table, owner, start, end, name in TABLES
    ]
