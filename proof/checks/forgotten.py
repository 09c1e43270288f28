"""Friends of the brand's members who were erased, and whom the platform may tell of again."""

from __future__ import annotations

from datetime import datetime, timedelta

from proof.checks.verdict import Verdict
from proof.snapshot import Row, Snapshot, group, moment

AT_ONCE = timedelta(seconds=60)
"""A call that was under way when somebody was erased may end this much later."""
APART = timedelta(hours=3)
"""How far the clocks of siyu and the platform may lie apart."""


def forgotten(snapshot: Snapshot) -> Verdict:
    """Nothing of them is left or done any more; who comes back by a new adding is a new customer without a past."""
    verdict = Verdict("of an erased friend nothing is left or done; only a new adding brings them, as new")
    people = snapshot.by_id("records_customers_customer")
    runs = group(snapshot["decisions_journeys_enrolment"], "customer_id")
    deliveries = group(snapshot["actions_messaging_delivery"], "customer_id")
    recipients = {
        row["msgid"]: row["recipients"] for row in snapshot["connectors_wecom_masssend"] if row["msgid"]
    }
    for known, at in snapshot.forgotten():
        for number in known["members"]:
            person = people[number]
            who = f"erased customer {number}"
            if person["erased_at"] is None:
                verdict.expect(False, f"{who} is not erased")
            plain = person["name"] or person["avatar"] or person["phone_masked"]
            verdict.expect(not plain, f"{who} has a name or phone")
            verdict.expect(not snapshot.remnants.get(number), f"{who} is in {snapshot.remnants.get(number)}")
            inside = [row["id"] for row in runs.get(number, []) if row["state"] in ("active", "error")]
            verdict.expect(not inside, f"{who} is still in journeys: {inside}")
            for row in deliveries.get(number, []):
                _message(verdict, who, row, at, recipients)
        _again(verdict, snapshot, known, at)
    return verdict


def _message(verdict: Verdict, who: str, row: Row, at: datetime, recipients: dict[str, int]) -> None:
    late = row["attempted_at"] is not None and row["attempted_at"] > at + AT_ONCE
    verdict.expect(not late, f"{who}: delivery {row['id']} was handed over at {row['attempted_at']}")
    waits = row["state"] in ("queued", "sending")
    # WeCom withdraws whole tasks only: one that is for others too stays with the member.
    waits |= row["state"] == "waiting_member" and recipients.get(row["ref"], 1) == 1
    verdict.expect(not waits, f"{who}: delivery {row['id']} is {row['state']}: {row['reason']}")


def _again(verdict: Verdict, snapshot: Snapshot, known: Row, at: datetime) -> None:
    """Whether whoever is known again has given reason to, and begins anew."""
    pairs = {(userid, external) for _subject, _employee, userid, external in known["pairs"]}
    members = set(known["members"])
    subjects = {subject for subject, *_rest in known["pairs"]}
    homes = {
        row["subject_id"]: row["home_id"]
        for row in snapshot["records_customers_subjectmap"]
        if row["valid_to"] is None
    }
    for external in sorted({external for _userid, external in pairs}):
        customer = snapshot.known_again[external]
        reasons = [
            row
            for row in snapshot.ledger("adds")
            if row["external_userid"] == external
            and (moment(row["at"]) > at - APART or (row["userid"], external) not in pairs)
        ]
        verdict.expect(
            not customer or bool(reasons), f"{external} is customer {customer} again, and nobody added them"
        )
        verdict.expect(customer not in members, f"{external} is the erased customer {customer} again")
        for row in snapshot["connectors_wecom_relation"]:
            home = homes.get(row["subject_id"], 0)
            if row["external_userid"] == external and row["subject_id"] not in subjects and home:
                _anew(verdict, snapshot, home, at)


def _anew(verdict: Verdict, snapshot: Snapshot, home: int, at: datetime) -> None:
    person = snapshot.by_id("records_customers_customer")[home]
    if (
        person["erased_at"] and person["erased_at"] <= at
    ):  # erased already, before they came and went once more
        return
    verdict.expect(person["created_at"] > at - APART, f"customer {home}, who came back, was there before")
    for tag in snapshot["records_customers_customertag"]:
        if tag["customer_id"] == home:
            verdict.expect(tag["since"] > at - APART, f"customer {home}, who came back, wears an old tag")
    accounts = {
        row["id"]
        for row in snapshot["records_ledger_account"]
        if row["owner_kind"] == "customer" and row["owner_id"] == home
    }
    transfers = snapshot.by_id("records_ledger_transfer")
    for entry in snapshot["records_ledger_entry"]:
        if entry["account_id"] in accounts:
            old = transfers[entry["transfer_id"]]["at"] <= at - APART
            verdict.expect(not old, f"customer {home}, who came back, has points from before")
