"""Machinery at rest: jobs, leases, timers, cursors; and the audit trail."""

from __future__ import annotations

from collections import Counter

from proof.checks.verdict import Verdict
from proof.snapshot import Row, Snapshot, group

END = 2**63 - 1
ALWAYS_ENDED = ("done", "stopped")


def jobs(snapshot: Snapshot) -> Verdict:
    """No job is dead, running or overdue; each schedule has its one open row."""
    verdict = Verdict("no job stuck or dead; each schedule has exactly one open row")
    open_schedules: Counter[str] = Counter()
    for row in snapshot["foundation_work_job"]:
        verdict.expect(row["state"] != "dead", f"job {row['id']} {row['name']} is dead: {row['last_error']}")
        verdict.expect(row["state"] != "running", f"job {row['id']} {row['name']} is still running")
        overdue = row["state"] == "waiting" and row["due_at"] <= snapshot.at
        verdict.expect(not overdue, f"job {row['id']} {row['name']} is overdue since {row['due_at']}")
        open_schedules[row["name"]] += row["state"] in ("waiting", "running") and row["key"] == "schedule"
    for name in snapshot.schedules:
        verdict.expect(open_schedules[name] == 1, f"schedule {name}: {open_schedules[name]} open rows")
    return verdict


def leases(snapshot: Snapshot) -> Verdict:
    """Nobody works, so nobody holds anything."""
    verdict = Verdict("no lease leaked: at rest nothing is held")
    for table, rows in snapshot.due.items():
        for row in rows:
            verdict.expect(
                row["lease_until"] is None,
                f"{table} {row['id']} ({row['state']}) is held until {row['lease_until']}",
            )
    return verdict


def timers(snapshot: Snapshot) -> Verdict:
    """What waits has a moment; what was due has been done."""
    verdict = Verdict("no timer lost: nothing is overdue, whoever waits has a moment to be looked at")
    for table, rows in snapshot.due.items():
        if table in ("foundation_work_job", "actions_messaging_delivery"):
            continue  # these have invariants of their own
        for row in rows:
            if row["state"] in ("waiting", "active"):
                verdict.expect(
                    row["due_at"] is not None and row["due_at"] > snapshot.at,
                    f"{table} {row['id']} was due at {row['due_at']}",
                )
    for row in snapshot["actions_messaging_delivery"]:
        if row["state"] in ("queued", "waiting_member"):
            verdict.expect(
                row["due_at"] is not None, f"delivery {row['id']} is {row['state']} and nobody will look"
            )
    for row in snapshot["decisions_journeys_enrolment"]:
        if row["state"] == "active":
            verdict.expect(row["due_at"] is not None, f"enrolment {row['id']} waits for nothing")
    return verdict


def delivered(snapshot: Snapshot) -> Verdict:
    """Each fact has reached each subscription that hears it: cursors are at the end, and behind no gap."""
    verdict = Verdict(
        "every fact reached every subscription; no cursor past an uncommitted fact; no dead letter"
    )
    facts = group(snapshot["facts_log"], "name")
    cursors: dict[str, list[Row]] = group(snapshot["facts_events_cursor"], "subscription")
    for subscription in snapshot.subscriptions:
        mine = cursors.get(subscription["name"], [])
        verdict.expect(len(mine) == subscription["shards"], f"{subscription['name']}: {len(mine)} cursors")
        for cursor in mine:
            verdict.expect(
                cursor["tx"] < snapshot.horizon,
                f"{subscription['name']} stands at {cursor['tx']}, past {snapshot.horizon}",
            )
            for name in subscription["facts"]:
                for fact in facts.get(name, []):
                    if not subscription["backfill"] and fact["origin"] != "live":
                        continue
                    if (fact["subject_id"] or 0) % subscription["shards"] != cursor["shard"]:
                        continue
                    behind = (fact["tx"], fact["id"]) <= (cursor["tx"], cursor["fact_id"])
                    verdict.expect(behind, f"{subscription['name']}: fact {fact['id']} not delivered")
    for row in snapshot["facts_events_dead"]:
        verdict.expect(False, f"dead letter of {row['subscription']}: fact {row['fact_id']} {row['error']}")
    return verdict


def references(snapshot: Snapshot) -> Verdict:
    """Plain ids that cross modules name rows that are there."""
    verdict = Verdict("every id that names another module's row names one that is there")
    for row in snapshot.references:
        verdict.checked += row["number"]
        if row["dangling"]:
            verdict.violations.append(f"{row['table']}.{row['column']}: {row['dangling']} name nothing")
    return verdict


# Table, what of it names the object, verb that must be in the trail, object kind there.
ACTS = (
    ("decisions_acquisition_livecode", "id", "live_code.created", "live_code"),
    ("decisions_journeys_journey", "id", "journey.created", "journey"),
    ("insights_segments_segment", "id", "segment.created", "segment"),
    ("foundation_accounts_user", "id", "account.created", "account"),
    ("connectors_commerce_import", "id", "orders.import_started", "import"),
    ("connectors_wecom_connection", "id", "connection.saved", "wecom_connection"),
    ("foundation_accounts_apikey", "id", "api_key.created", "api_key"),
)


def audit(snapshot: Snapshot) -> Verdict:
    """Each act of configuration has its row, one each."""
    verdict = Verdict("audit is complete: each act of configuration has exactly its row")
    trail = Counter(
        (row["verb"], row["object_kind"], row["object_id"]) for row in snapshot["foundation_audit_auditrow"]
    )
    for table, name, verb, kind in ACTS:
        for row in snapshot[table]:
            number = trail[verb, kind, str(row[name])]
            verdict.expect(number == 1, f"{verb} of {kind} {row[name]}: {number} rows")
    settings = Counter(row["key"] for row in snapshot["foundation_settings_settingvalue"])
    for key, number in settings.items():
        told = trail["setting.changed", "setting", key]
        verdict.expect(told == number, f"setting {key}: {number} values, {told} rows")
    return verdict
