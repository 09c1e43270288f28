from django.db import migrations

# An erasure may empty a payload; nothing else of a fact ever changes, and nothing at all otherwise.
GUARD = """
DROP TRIGGER facts_event_no_change ON facts_event;
CREATE TRIGGER facts_event_no_change BEFORE UPDATE ON facts_event
    FOR EACH ROW WHEN (
        (OLD.tx = NEW.tx OR current_setting('siyu.restoring', true) IS DISTINCT FROM 'on')
        AND (current_setting('siyu.erasing', true) IS DISTINCT FROM 'on'
             OR to_jsonb(OLD) - 'payload' <> to_jsonb(NEW) - 'payload'))
    EXECUTE FUNCTION facts_event_immutable();
"""
UNDO = """
DROP TRIGGER facts_event_no_change ON facts_event;
CREATE TRIGGER facts_event_no_change BEFORE UPDATE ON facts_event
    FOR EACH ROW WHEN (OLD.tx = NEW.tx OR current_setting('siyu.restoring', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION facts_event_immutable();
"""


class Migration(migrations.Migration):
    dependencies = [("facts_events", "0002_read_on")]

    operations = [migrations.RunSQL(GUARD, UNDO)]
