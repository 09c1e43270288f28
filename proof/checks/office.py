"""What was asked for at the console while processes died: done once and whole, or not at all."""

from __future__ import annotations

from collections import Counter
from typing import Any

from proof.checks.verdict import Verdict
from proof.snapshot import Row, Snapshot, group

DONE = 302


def imports(snapshot: Snapshot) -> Verdict:
    """Each row of each file is one order with its amount, or one refused row; counts and sums agree."""
    verdict = Verdict("every row of an imported file is exactly one order or one refused row")
    orders = group(snapshot["records_commerce_order"], "order_no")
    paid = Counter(fact["payload"]["order_no"] for fact in snapshot.facts("order.paid"))
    runs = group(snapshot["connectors_commerce_import"], "file_id")
    for sheet in snapshot.office["sheets"]:
        for number, amount in sheet["good"].items():
            rows = orders.get(number, [])
            right = len(rows) == 1 and rows[0]["amount"] == amount and rows[0]["backfill"]
            verdict.expect(right, f"{number}: {[row['amount'] for row in rows]} instead of {amount}")
            verdict.expect(paid[number] == 1, f"{number}: {paid[number]} order.paid")
        for number in sheet["bad"]:
            verdict.expect(number not in orders, f"{number} could not be read and is an order")
        _counts(verdict, snapshot, sheet, runs.get(sheet["file_id"], []))
    return verdict


def _counts(verdict: Verdict, snapshot: Snapshot, sheet: Row, runs: list[Row]) -> None:
    refused = group(snapshot["connectors_commerce_quarantinedrow"], "run_id")
    good, bad, name = len(sheet["good"]), len(sheet["bad"]), sheet["name"]
    verdict.expect(bool(runs), f"{name} was never imported")
    verdict.expect(
        {run["id"] for run in runs} >= set(sheet["imports"]), f"{name}: an answered start left nothing"
    )
    for run in runs:
        told = {name: run[name] for name in ("state", "rows_read", "rows_bad", "rows_written")}
        right = {"state": "done", "rows_read": good + bad, "rows_bad": bad, "rows_written": good}
        verdict.expect(told == right, f"{name}, import {run['id']}: {told} instead of {right}")
        number = len({row["row_no"] for row in refused.get(run["id"], [])})
        verdict.expect(number == bad, f"{name}, import {run['id']}: {number} refused rows instead of {bad}")
        seen = run["orders_new"] + run["orders_same"] + run["orders_changed"]
        verdict.expect(seen == good, f"{name}, import {run['id']}: counted {seen} orders of {good}")
    total = sum(run["orders_new"] for run in runs), sum(run["amount_new"] for run in runs)
    verdict.expect(total == (good, sum(sheet["good"].values())), f"{name}: new in all {total}")


def acts(snapshot: Snapshot) -> Verdict:
    """Each act that was answered is there once with its row in the trail; none is there in part."""
    verdict = Verdict("every act at the console is done once, with its trail, or not at all")
    trail: Counter[tuple[str, str]] = Counter()
    for row in snapshot["foundation_audit_auditrow"]:
        trail[row["verb"], str(row["detail"].get("tag") or row["object_id"])] += 1
    tags = {row["name"]: row["id"] for row in snapshot["records_customers_tag"]}
    worn = Counter(row["tag_id"] for row in snapshot["records_customers_customertag"])
    given = Counter(row["reason"] for row in snapshot["records_customers_assignment"])
    undone = {row["id"] for row in snapshot["records_customers_merge"] if row["undone_at"]}
    erased = Counter(row["customer_id"] for row in snapshot["records_customers_erasure"])
    gone = {row["id"] for row in snapshot["records_customers_customer"] if row["erased_at"]}
    for act in snapshot.office["acts"]:
        if act["kind"] not in ("tag", "assign", "undo", "erase", "forget"):
            continue  # these have invariants of their own
        word, who = act["word"], act["customer_id"]
        if who in gone and act["kind"] not in ("erase", "forget"):
            continue  # what was done to them is erased too
        match act["kind"]:
            case "tag":
                found, told = worn[tags.get(word, 0)], trail["customers.tagged", word]
            case "assign":
                found = told = given[word]
            case "undo":
                found = told = int(int(word) in undone)
            case _:
                found, told = erased[who], trail["customer.erased", str(who)]
        verdict.expect(found == told, f"{_named(act)}: {found} times, {told} in the trail")
        verdict.expect(
            found in _possible(act), f"{_named(act)}: {found} times after answers {act['answers']}"
        )
    number = sum(count for (verb, _word), count in trail.items() if verb == "customer.unmerged")
    verdict.expect(number == len(undone), f"{len(undone)} merges undone, {number} in the trail")
    return verdict


def _possible(act: Row) -> range:
    """How often its effect may be there: an unanswered one may have been done, and be done again only where that shows."""
    done, unclear = act["answers"].count(DONE), act["answers"].count(0)
    if act["kind"] in ("erase", "forget"):  # who was erased can be erased again, of whatever came since
        return range(min(done, 1), done + unclear + 1)
    if act["kind"] == "undo":  # of another's merge, it may have been undone already
        return range(2)
    return range(min(done, 1), 2 if done or unclear else 1)


def _named(act: dict[str, Any]) -> str:
    return f"{act['kind']} of {act['customer_id']} ({act['word']})"


def erased(snapshot: Snapshot) -> Verdict:
    """Nobody who was erased stands anywhere in plain text: not by name, not by phone."""
    verdict = Verdict("who was erased is nowhere: no name, no phone, in no table")
    gone = {row["customer_id"] for row in snapshot["records_customers_erasure"]}
    phones = {name: phone for sheet in snapshot.office["sheets"] for name, phone in sheet["people"].items()}
    for act in snapshot.office["acts"]:
        if act["kind"] == "erase" and act["customer_id"] in gone:
            for word in (act["word"], phones[act["word"]]):
                tables = snapshot.remains.get(word, [])
                verdict.expect(not tables, f"{word} of customer {act['customer_id']} is still in {tables}")
    return verdict
