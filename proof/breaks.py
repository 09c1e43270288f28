"""One thing broken at a time, in a finished run, to see that the proof catches it and nothing else.

Each break removes what guards the invariant (a unique key, a trigger) and does what the guard would have
refused, inside a transaction that is rolled back. ``python -m proof --check-only --break NAME`` shows one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from proof import look
from proof.checks import office
from proof.snapshot import Row, Snapshot
from siyu.foundation import api as foundation


@dataclass(frozen=True)
class Break:
    """What is done, and which invariants must be found broken: these and no others."""

    says: str
    caught: frozenset[str]
    also: frozenset[str] = frozenset()  # what may follow from it, depending on whom it hits
    sql: Sequence[str] = ()
    twin: Callable[[Snapshot], None] | None = None


# Of people who were not erased: of the others less can be said.
STANDING = (
    "subject_id IN (SELECT m.subject_id FROM records_customers_subjectmap m JOIN records_customers_customer c"
    " ON c.id = m.customer_id AND c.erased_at IS NULL WHERE m.valid_to IS NULL)"
)


def _break(
    says: str, caught: str, *sql: str, twin: Callable[[Snapshot], None] | None = None, also: str = ""
) -> Break:
    return Break(says, frozenset(caught.split()), frozenset(also.split()), sql, twin)


def _copy(table: str, where: str, but: str = "", values: str = "") -> str:
    """Copy one row under a new id, with some columns changed (``but`` names them, ``values`` their values)."""
    columns = ", ".join(_columns(table) - {"id", *but.replace(" ", "").split(",")})
    more, changed = (f", {but}", f", {values}") if but else ("", "")
    return (
        f"INSERT INTO {table} ({columns}{more}) SELECT {columns}{changed} FROM {table} WHERE {where} LIMIT 1"
    )


def _columns(table: str) -> set[str]:
    rows = foundation.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table]
    )
    return {row[0] for row in rows}


def _resent(snapshot: Snapshot) -> None:
    """The platform has a second task of one mass message, as after a blind second call."""
    mass: dict[str, Row] = snapshot.twin["mass"]
    first = next(message for message in mass.values() if message["tasks"] and not message["cancelled_at"])
    mass["msg-blind"] = {**first, "msgid": "msg-blind"}


def _welcomed_twice(snapshot: Snapshot) -> None:
    """A phone shows a welcome that siyu holds for failed."""
    rows = snapshot.twin["ledger"]["welcomes"]
    rows.append({**rows[0], "id": len(rows) + 1})


def _named_still(snapshot: Snapshot) -> None:
    """A table names somebody who was erased."""
    gone = next(
        act for act in snapshot.office["acts"] if act["kind"] == "erase" and office.DONE in act["answers"]
    )
    snapshot.remains[gone["word"]] = ["actions_messaging_delivery"]


def _kept(snapshot: Snapshot) -> None:
    """An erased friend has a tag still."""
    known, _at = snapshot.forgotten()[0]
    snapshot.remnants[known["members"][0]] = ["records_customers_customertag"]


def breaks() -> dict[str, Break]:
    """All of them; needs the database of a finished run."""
    run = "decisions_journeys_steprun"
    return {
        "lost inbox row": _break(
            "a callback was answered before it was stored", "inbox.once",
            "DELETE FROM facts_inbox_rawmessage WHERE id = (SELECT max(id) FROM facts_inbox_rawmessage)",
        ),
        "inbox without unique key": _break(
            "a duplicated callback became a second row", "inbox.once",
            "ALTER TABLE facts_inbox_rawmessage DROP CONSTRAINT raw_once",
            _copy("facts_inbox_rawmessage", "true"),
        ),
        "unhandled callback": _break(
            "a callback stays dead in the inbox", "inbox.once",
            "UPDATE facts_inbox_rawmessage SET state = 'dead' WHERE id = (SELECT max(id) FROM facts_inbox_rawmessage)",
        ),
        "fact twice": _break(
            "the log took one fact a second time", "facts.keys facts.friends facts.delivered journeys.entered metrics.facts",
            "CREATE TEMP TABLE again ON COMMIT DROP AS SELECT * FROM facts_event WHERE name = 'contact.added' AND origin = 'live' LIMIT 1",
            "UPDATE again SET id = nextval('facts_event_id_seq'), tx = pg_current_xact_id()::text::bigint",
            "INSERT INTO facts_event SELECT * FROM again",
        ),
        "fact lost": _break(
            "a fact of a friendship is gone", "facts.friends journeys.entered references.kept",
            f"DELETE FROM facts_event_key WHERE fact_id = (SELECT min(id) FROM facts_event WHERE name = 'contact.added' AND origin = 'live' AND {STANDING})",
            f"DELETE FROM facts_event WHERE id = (SELECT min(id) FROM facts_event WHERE name = 'contact.added' AND origin = 'live' AND {STANDING})",
            also="cards.fresh segments.fresh",
        ),
        "order lost": _break(
            "a reported order is in no record", "facts.orders ledger.oracle cards.fresh references.kept",
            "DELETE FROM records_commerce_order WHERE id = (SELECT min(o.id) FROM records_commerce_order o"
            " JOIN decisions_loyalty_orderpoints p ON p.order_id = o.id WHERE p.standing > 0)",
            also="scores.fresh segments.fresh",
        ),
        "goodbye lost": _break(
            "an end of a friendship that was heard is in no fact", "facts.losses references.kept",
            f"DELETE FROM facts_event_key WHERE fact_id = (SELECT min(id) FROM facts_event WHERE name = 'contact.ended' AND {STANDING})",
            f"DELETE FROM facts_event WHERE id = (SELECT min(id) FROM facts_event WHERE name = 'contact.ended' AND {STANDING})",
            also="cards.fresh segments.fresh",
        ),
        "friendship not healed": _break(
            "a lost callback was never made up for", "facts.healed",
            "UPDATE connectors_wecom_relation SET open = false WHERE id = (SELECT min(id) FROM connectors_wecom_relation WHERE open)",
        ),
        "withdrawn only here": _break(
            "a withdrawal never reached the platform, whose task stands", "messages.true",
            "UPDATE actions_messaging_delivery SET state = 'cancelled', reason = 'x', due_at = NULL WHERE id ="
            " (SELECT min(id) FROM actions_messaging_delivery WHERE channel = 'wecom.mass' AND state = 'waiting_member')",
            also="cards.fresh segments.fresh",
        ),
        "blind second send": _break(
            "an unclear call was simply made again", "messages.once", twin=_resent
        ),
        "welcome arrived twice": _break(
            "a phone shows a welcome more often than it was sent", "messages.once messages.true", twin=_welcomed_twice
        ),
        "false success": _break(
            "a message that failed is shown as sent", "messages.true",
            "UPDATE actions_messaging_delivery SET state = 'sent', reason = '' WHERE id ="
            " (SELECT min(id) FROM actions_messaging_delivery WHERE state = 'failed' AND channel = 'wecom.welcome')",
        ),
        "delivery lost": _break(
            "a message due to somebody is not there", "messages.missing journeys.effects messages.once",
            "DELETE FROM actions_messaging_delivery WHERE id = (SELECT min(id) FROM actions_messaging_delivery"
            " WHERE state = 'sent' AND channel = 'wecom.welcome')",
        ),
        "silent failure": _break(
            "a message failed and nobody says why", "messages.missing",
            "UPDATE actions_messaging_delivery SET reason = '' WHERE id ="
            " (SELECT min(id) FROM actions_messaging_delivery WHERE state = 'failed')",
        ),
        "stuck send": _break(
            "a sender died and nobody took over", "messages.settled messages.true work.leases",
            "UPDATE actions_messaging_delivery SET state = 'sending', lease_until = now() - interval '1 hour' WHERE id ="
            " (SELECT min(id) FROM actions_messaging_delivery WHERE state = 'failed' AND channel = 'wecom.welcome')",
            also="office.forgotten",
        ),
        "entered twice": _break(
            "one fact let a person in twice", "journeys.entered journeys.steps journeys.versions",
            "ALTER TABLE decisions_journeys_enrolment DROP CONSTRAINT enrolment_entry_once",
            "DROP INDEX enrolment_fact_once", "DROP INDEX enrolment_one_open",
            _copy("decisions_journeys_enrolment", "state = 'ended' AND end_reason = 'completed'"),
        ),
        "step twice": _break(
            "a worker took a step that was taken", "journeys.steps",
            f"ALTER TABLE {run} DROP CONSTRAINT step_run_once",
            _copy(run, "step_id = 'a_while'"),
        ),
        "step skipped": _break(
            "a person was moved on without the step", "journeys.steps",
            f"DELETE FROM {run} WHERE id = (SELECT min(id) FROM {run} WHERE step_id = 'a_while')",
        ),
        "wrong turn": _break(
            "a person went where the definition does not lead", "journeys.steps",
            f"UPDATE {run} SET step_id = 'longer' WHERE id = (SELECT min(id) FROM {run} WHERE step_id = 'a_while')",
        ),
        "effect lost": _break(
            "a step was taken and its task is not there", "journeys.effects",
            "DELETE FROM actions_work_task WHERE id = (SELECT min(id) FROM actions_work_task)",
        ),
        "control group written to": _break(
            "a person in the control group got the message", "journeys.holdout",
            "UPDATE records_goals_holdoutassignment h SET arm = 'holdout' WHERE id = (SELECT min(h.id) FROM"
            " records_goals_holdoutassignment h JOIN actions_messaging_delivery d ON d.holdout_key = h.scope_key AND d.customer_id = h.customer_id)",
        ),
        "money from nothing": _break(
            "an entry without its other side", "ledger.zero ledger.balances ledger.oracle",
            "UPDATE records_ledger_entry SET amount = amount + 7 WHERE id = (SELECT min(e.id) FROM records_ledger_entry e"
            " JOIN records_ledger_account a ON a.id = e.account_id JOIN records_ledger_transfer t ON t.id = e.transfer_id"
            " WHERE a.owner_kind = 'customer' AND t.key LIKE 'loyalty:%%')",
        ),
        "transfer twice": _break(
            "an order earned its points a second time", "ledger.keys ledger.oracle cards.fresh",
            "ALTER TABLE records_ledger_transfer DROP CONSTRAINT records_ledger_transfer_key_key",
            "CREATE TEMP TABLE one ON COMMIT DROP AS SELECT * FROM records_ledger_transfer WHERE kind = 'points.order' LIMIT 1",
            _copy("records_ledger_transfer", "id = (SELECT id FROM one)"),
            "INSERT INTO records_ledger_entry (transfer_id, account_id, unit, amount) SELECT (SELECT max(id) FROM"
            " records_ledger_transfer), account_id, unit, amount FROM records_ledger_entry WHERE transfer_id = (SELECT id FROM one)",
            "UPDATE records_ledger_balance b SET posted = posted + e.amount FROM records_ledger_entry e"
            " WHERE e.account_id = b.account_id AND e.transfer_id = (SELECT max(id) FROM records_ledger_transfer)",
        ),
        "altered balance": _break(
            "a balance was changed past the books", "ledger.balances ledger.oracle cards.fresh",
            "UPDATE records_ledger_balance SET posted = posted + 1 WHERE account_id = (SELECT min(account_id) FROM records_ledger_balance)",
        ),
        "sight lost": _break(
            "a clerk does not see a friend of theirs", "sight.fresh",
            "DELETE FROM records_customers_sight WHERE (customer_id, viewer) ="
            " (SELECT customer_id, viewer FROM records_customers_sight WHERE viewer > 0 ORDER BY 1, 2 LIMIT 1)",
        ),
        "sight kept": _break(
            "somebody sees a customer they have nothing to do with", "sight.fresh",
            "INSERT INTO records_customers_sight (customer_id, viewer) SELECT min(customer_id), -987654321 FROM records_customers_sight",
        ),
        "stale card": _break(
            "a card missed a change", "cards.fresh",
            "UPDATE insights_cards_card SET name = name || '?' WHERE customer_id = (SELECT min(customer_id) FROM insights_cards_card)",
        ),
        "stale score": _break(
            "a score missed a change", "scores.fresh",
            "UPDATE insights_cards_card SET stage_since = stage_since - interval '1 hour' WHERE customer_id ="
            " (SELECT min(customer_id) FROM insights_cards_card WHERE stage_since IS NOT NULL)",
        ),
        "member lost": _break(
            "somebody fell out of a segment", "segments.fresh",
            "DELETE FROM insights_segments_membership WHERE id = (SELECT min(id) FROM insights_segments_membership"
            " WHERE valid_to IS NULL AND known_to IS NULL AND segment_id IN"
            " (SELECT id FROM insights_segments_segment WHERE archived_at IS NULL))",
        ),
        "flip lost": _break(
            "a condition that time changes will never be looked at", "segments.fresh",
            "DELETE FROM insights_segments_nextflip WHERE id = (SELECT min(id) FROM insights_segments_nextflip)",
        ),
        "number twice": _break(
            "the day counts one friend twice", "metrics.facts",
            "ALTER TABLE insights_metrics_entry DROP CONSTRAINT metric_entry_once",
            _copy("insights_metrics_entry", "true"),
        ),
        "job stuck": _break(
            "a killed worker's job was never taken over", "work.jobs work.leases",
            "UPDATE foundation_work_job SET state = 'running', lease_until = now() + interval '1 hour' WHERE id ="
            " (SELECT min(id) FROM foundation_work_job WHERE state = 'done')",
        ),
        "schedule lost": _break(
            "a schedule has no next time", "work.jobs",
            "DELETE FROM foundation_work_job WHERE name = 'wecom.reconcile' AND state = 'waiting'",
        ),
        "lease leaked": _break(
            "a lease outlived its work", "work.leases",
            "UPDATE insights_scoring_stageflip SET lease_until = now() + interval '1 hour' WHERE customer_id ="
            " (SELECT min(customer_id) FROM insights_scoring_stageflip)",
        ),
        "timer lost": _break(
            "a person's wait is over and nobody came", "work.timers",
            "UPDATE decisions_journeys_enrolment SET due_at = entered_at WHERE id = (SELECT min(id) FROM"
            " decisions_journeys_enrolment WHERE state = 'active')",
        ),
        "cursor by id": _break(
            "a cursor ran past a fact that was committed later", "facts.delivered",
            "UPDATE facts_events_cursor SET tx = pg_current_xact_id()::text::bigint + 100 WHERE id = (SELECT min(id) FROM facts_events_cursor)",
        ),
        "fact not delivered": _break(
            "a subscription stands before facts it should have heard", "facts.delivered",
            "UPDATE facts_events_cursor SET tx = 0, fact_id = 0 WHERE subscription = 'insights_metrics'",
        ),
        "dangling id": _break(
            "a task names a customer who is not there", "references.kept",
            "UPDATE actions_work_task SET customer_id = 987654321 WHERE id = (SELECT min(id) FROM actions_work_task)",
        ),
        "segment without a trace": _break(
            "a segment was made and the trail does not say so", "audit.complete",
            "DELETE FROM foundation_audit_auditrow WHERE id = (SELECT min(id) FROM foundation_audit_auditrow WHERE verb = 'segment.created')",
        ),
        "act without a trace": _break(
            "a code was made and the trail does not say so", "audit.complete",
            "DELETE FROM foundation_audit_auditrow WHERE id = (SELECT min(id) FROM foundation_audit_auditrow WHERE verb = 'live_code.created')",
        ),
        "imported row lost": _break(
            "an order of a file was written and is gone", "office.imports cards.fresh references.kept",
            "DELETE FROM records_commerce_order WHERE id = (SELECT min(id) FROM records_commerce_order WHERE order_no LIKE 'orders-1%%')",
            also="scores.fresh segments.fresh",
        ),
        "refused row forgotten": _break(
            "a row that could not be read is neither an order nor among the refused", "office.imports",
            "DELETE FROM connectors_commerce_quarantinedrow WHERE id = (SELECT max(id) FROM connectors_commerce_quarantinedrow)",
        ),
        "half an act": _break(
            "a tag was put on and the trail was not written with it", "office.acts",
            "DELETE FROM foundation_audit_auditrow WHERE id = (SELECT max(id) FROM foundation_audit_auditrow WHERE verb = 'customers.tagged')",
        ),
        "friend erased in part": _break(
            "somebody's friend was erased and a tag was not", "office.forgotten", twin=_kept
        ),
        "merged unseen": _break(
            "two people were merged by hand and the trail does not say so", "office.merges",
            "DELETE FROM foundation_audit_auditrow WHERE id = (SELECT max(id) FROM foundation_audit_auditrow"
            " WHERE verb = 'customer.merged')",
        ),
        "setting lost": _break(
            "a setting that was saved is not in force", "office.settings audit.complete",
            "DELETE FROM foundation_settings_settingvalue WHERE id = (SELECT max(id) FROM foundation_settings_settingvalue)",
        ),
        "rule changed unseen": _break(
            "a segment's rule was changed and the trail does not say so", "office.segments",
            "DELETE FROM foundation_audit_auditrow WHERE id = (SELECT max(id) FROM foundation_audit_auditrow WHERE verb = 'segment.changed')",
        ),
        "moved to the new version": _break(
            "publishing moved somebody inside to the new version", "journeys.versions",
            f"UPDATE {run} SET version_id = version_id + 1 WHERE id = (SELECT min(id) FROM {run})",
        ),
        "published unseen": _break(
            "a journey was published and the trail does not say so", "journeys.versions",
            "DELETE FROM foundation_audit_auditrow WHERE id = (SELECT max(id) FROM foundation_audit_auditrow WHERE verb = 'journey.published')",
        ),
        "erased in part": _break(
            "somebody was erased and a message to them was not", "office.erased", twin=_named_still
        ),
    }  # fmt: skip


@contextmanager
def _unguarded() -> Iterator[None]:
    """Triggers and foreign keys look away until the end of the transaction."""
    foundation.execute("SET CONSTRAINTS ALL IMMEDIATE")
    foundation.execute("SET LOCAL session_replication_role = replica")
    yield
    foundation.execute("SET LOCAL session_replication_role = origin")


def broken(name: str, state: Path) -> Snapshot:
    """The snapshot of the finished run with this one thing broken; the database is as before afterwards."""
    chosen = breaks()[name]
    with look.undone():
        with _unguarded() if chosen.sql else nullcontext():
            for statement in chosen.sql:
                if foundation.execute(statement, []) == 0:
                    raise LookupError(f"{name}: this run has nothing to break ({statement})")
        snapshot = look.take(state)
    if chosen.twin is not None:
        chosen.twin(snapshot)
    return snapshot
