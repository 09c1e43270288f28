from django.db import migrations, models

LOG = """
CREATE SEQUENCE facts_event_id_seq AS bigint CACHE 1;
CREATE TABLE facts_event_key (
    source text NOT NULL,
    external_id text NOT NULL,
    fact_id bigint NOT NULL,
    PRIMARY KEY (source, external_id)
);
CREATE TABLE facts_event (
    id bigint NOT NULL,
    tx bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    name text NOT NULL,
    version smallint NOT NULL,
    payload jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    subject_id bigint,
    origin text NOT NULL CHECK (origin IN ('live', 'backfill', 'replay')),
    source text NOT NULL,
    external_id text NOT NULL,
    causation_id bigint,
    correlation_id text NOT NULL,
    hops smallint NOT NULL CHECK (hops <= 16),
    PRIMARY KEY (recorded_at, id)
) PARTITION BY RANGE (recorded_at);
CREATE TABLE facts_event_default PARTITION OF facts_event DEFAULT;
CREATE INDEX facts_event_order ON facts_event (tx, id);
CREATE INDEX facts_event_subject ON facts_event (subject_id, name, occurred_at, id) WHERE subject_id IS NOT NULL;
CREATE INDEX facts_event_one ON facts_event (id);
CREATE FUNCTION facts_event_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'facts are immutable' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER facts_event_no_change BEFORE UPDATE ON facts_event
    FOR EACH ROW WHEN (OLD.tx = NEW.tx OR current_setting('siyu.restoring', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION facts_event_immutable();
CREATE VIEW facts_log AS
    SELECT id, tx, name, version, payload, occurred_at, recorded_at, subject_id, origin, source, external_id,
           causation_id, correlation_id, hops
    FROM facts_event;
"""
UNDO = """
DROP VIEW facts_log; DROP TABLE facts_event; DROP FUNCTION facts_event_immutable();
DROP TABLE facts_event_key; DROP SEQUENCE facts_event_id_seq;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Subject",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Cursor",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("subscription", models.CharField(max_length=100)),
                ("shard", models.PositiveSmallIntegerField(default=0)),
                ("tx", models.BigIntegerField(default=0)),
                ("fact_id", models.BigIntegerField(default=0)),
                ("updated_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["subscription", "shard"], name="cursor_once")]
            },
        ),
        migrations.CreateModel(
            name="Dead",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("subscription", models.CharField(max_length=100)),
                ("fact_id", models.BigIntegerField()),
                ("name", models.CharField(max_length=80)),
                ("error", models.TextField()),
                ("attempts", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["subscription", "fact_id"], name="dead_once")]
            },
        ),
        migrations.RunSQL(
            LOG,
            UNDO,
            state_operations=[
                migrations.CreateModel(
                    name="EventKey",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "source",
                                "external_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("source", models.TextField()),
                        ("external_id", models.TextField()),
                        ("fact_id", models.BigIntegerField()),
                    ],
                    options={"db_table": "facts_event_key"},
                ),
                migrations.CreateModel(
                    name="Event",
                    fields=[
                        ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("tx", models.BigIntegerField()),
                        ("name", models.TextField()),
                        ("version", models.SmallIntegerField()),
                        ("payload", models.JSONField()),
                        ("occurred_at", models.DateTimeField()),
                        ("recorded_at", models.DateTimeField()),
                        ("subject_id", models.BigIntegerField(null=True)),
                        ("origin", models.TextField()),
                        ("source", models.TextField()),
                        ("external_id", models.TextField()),
                        ("causation_id", models.BigIntegerField(null=True)),
                        ("correlation_id", models.TextField()),
                        ("hops", models.SmallIntegerField()),
                    ],
                    options={"db_table": "facts_event"},
                ),
            ],
        ),
    ]
