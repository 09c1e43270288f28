from django.db import migrations

# Planned once for each connection. A plan for these values would be made at every call, over every month of the
# log: after three years that takes nine times as long as the reading. STABLE: they see what the calling statement sees.
READ = """
CREATE FUNCTION facts_after(after_tx bigint, after_id bigint, oldest bigint, wanted text[], only_live boolean,
                            shards integer, shard integer, most integer)
RETURNS SETOF facts_event LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY SELECT e.* FROM facts_event e
        WHERE (e.tx, e.id) > (after_tx, after_id) AND e.tx < oldest AND e.name = ANY (wanted)
          AND (NOT only_live OR e.origin = 'live')
          AND (shards = 1 OR coalesce(e.subject_id, 0) % shards = shard)
        ORDER BY e.tx, e.id LIMIT most;
END $$;
CREATE FUNCTION facts_names_after(after_tx bigint, oldest bigint)
RETURNS SETOF text LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY SELECT DISTINCT e.name FROM facts_event e WHERE e.tx > after_tx AND e.tx < oldest;
END $$;
"""
UNDO = """
DROP FUNCTION facts_names_after(bigint, bigint);
DROP FUNCTION facts_after(bigint, bigint, bigint, text[], boolean, integer, integer, integer);
"""


class Migration(migrations.Migration):
    dependencies = [("facts_events", "0001_initial")]

    operations = [migrations.RunSQL(READ, UNDO)]
