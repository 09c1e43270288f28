"""The audit trail only grows: the database refuses change and removal."""

from django.db import migrations

DO = """
CREATE FUNCTION foundation_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit rows are append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER foundation_audit_no_change BEFORE UPDATE OR DELETE ON foundation_audit_auditrow
    FOR EACH ROW EXECUTE FUNCTION foundation_audit_append_only();
"""
UNDO = "DROP TRIGGER foundation_audit_no_change ON foundation_audit_auditrow; DROP FUNCTION foundation_audit_append_only();"


class Migration(migrations.Migration):
    dependencies = [("foundation_audit", "0001_initial")]
    operations = [migrations.RunSQL(DO, UNDO)]
