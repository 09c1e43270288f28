from django.db import migrations

FINAL = """
CREATE FUNCTION decisions_journeys_version_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published journey version cannot change' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER decisions_journeys_version_final BEFORE UPDATE OR DELETE ON decisions_journeys_journeyversion
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION decisions_journeys_version_final();
"""
UNDO = """
DROP TRIGGER decisions_journeys_version_final ON decisions_journeys_journeyversion;
DROP FUNCTION decisions_journeys_version_final();
"""


class Migration(migrations.Migration):
    dependencies = [("decisions_journeys", "0001_initial")]
    operations = [migrations.RunSQL(FINAL, UNDO)]
