"""The books: zero sums, keys, balances, and the oracle's points from the shop's own orders."""

from __future__ import annotations

from collections import Counter, defaultdict

from proof.checks.verdict import Verdict
from proof.snapshot import Snapshot, group


def zero(snapshot: Snapshot) -> Verdict:
    """Entries of a transfer sum to zero; its amount is the sum of the positive ones."""
    verdict = Verdict("every transfer sums to zero")
    entries = group(snapshot["records_ledger_entry"], "transfer_id")
    transfers = snapshot.by_id("records_ledger_transfer")
    for number, transfer in transfers.items():
        amounts = [entry["amount"] for entry in entries.get(number, [])]
        good = (
            len(amounts) >= 2 and sum(amounts) == 0 and sum(a for a in amounts if a > 0) == transfer["amount"]
        )
        verdict.expect(good, f"transfer {transfer['key']}: entries {amounts} of {transfer['amount']}")
    for number in entries.keys() - transfers.keys():
        verdict.expect(False, f"entries of transfer {number}, which is not there")
    return verdict


def keys(snapshot: Snapshot) -> Verdict:
    """No transfer twice: each key once, and each order step by step."""
    verdict = Verdict("no transfer twice: keys are unique, each is told once to each side")
    counted = Counter(row["key"] for row in snapshot["records_ledger_transfer"])
    told = Counter(row["payload"]["transfer_id"] for row in snapshot.facts("points.posted"))
    people = {row["id"] for row in snapshot["records_ledger_account"] if row["owner_kind"] == "customer"}
    legs = Counter(
        row["transfer_id"] for row in snapshot["records_ledger_entry"] if row["account_id"] in people
    )
    for row in snapshot["records_ledger_transfer"]:
        verdict.expect(counted[row["key"]] == 1, f"transfer {row['key']}: {counted[row['key']]} times")
        if row["state"] == "posted":
            number = told[row["id"]]
            verdict.expect(
                number == legs[row["id"]], f"transfer {row['key']}: {number} facts, {legs[row['id']]} people"
            )
    return verdict


def balances(snapshot: Snapshot) -> Verdict:
    """Cached balances equal the entries."""
    verdict = Verdict("cached balances equal entries")
    posted = {row["id"] for row in snapshot["records_ledger_transfer"] if row["state"] == "posted"}
    sums: dict[int, int] = defaultdict(int)
    for entry in snapshot["records_ledger_entry"]:
        if entry["transfer_id"] in posted:
            sums[entry["account_id"]] += entry["amount"]
    cached = {row["account_id"]: row["posted"] for row in snapshot["records_ledger_balance"]}
    for account in snapshot["records_ledger_account"]:
        if account["owner_kind"] == "customer":
            number = account["id"]
            verdict.expect(
                cached.get(number) == sums[number],
                f"account {number}: {cached.get(number)}, entries {sums[number]}",
            )
    return verdict


def oracle(snapshot: Snapshot) -> Verdict:
    """Points of each order, and of each person, are what the shop's own record says they must be."""
    verdict = Verdict("points equal an independent calculation on the shop's orders, order by order")
    status = {row["id"]: row["status"] for row in snapshot.twin["shop_events"]}
    taken = ("accepted", "duplicate")
    back: dict[str, int] = defaultdict(int)
    for refund in snapshot.twin["refunds"].values():
        if status.get(f"refund-{refund['refund_no']}") in taken:
            back[refund["order_no"]] += sum(line["amount"] for line in refund["lines"])
    standing: dict[str, int] = defaultdict(int)
    transfers = {row["id"]: row for row in snapshot["records_ledger_transfer"]}
    orders = snapshot.by_id("records_commerce_order")
    holders = {
        row["id"]: row["owner_id"]
        for row in snapshot["records_ledger_account"]
        if row["owner_kind"] == "customer"
    }
    for entry in snapshot["records_ledger_entry"]:
        key = transfers[entry["transfer_id"]]["key"] if entry["transfer_id"] in transfers else ""
        if key.startswith("loyalty:order:") and entry["account_id"] in holders:
            order = orders.get(int(key.split(":")[2]))
            standing[order["order_no"] if order else key] += entry["amount"]
    customers: dict[str, set[int | None]] = defaultdict(set)
    due: dict[str, int] = {}
    by_no = {row["order_no"]: row for row in orders.values()}
    for order in snapshot.twin["orders"].values():
        number = order["order_no"]
        if status.get(f"order-{number}") not in taken:
            continue
        amount = sum(line["amount"] for line in order["lines"])
        due[number] = max(amount - back[number], 0) // snapshot.fen_per_point if order["identity"] else 0
        verdict.expect(
            standing[number] == due[number],
            f"order {number}: {standing[number]} points, should be {due[number]}",
        )
        if order["identity"] and number in by_no:
            customers[order["person_id"]].add(by_no[number]["customer_id"])
    for number in standing.keys() - due.keys():
        verdict.expect(False, f"points for {number}, which the shop did not report")
    gifts = sum(
        run["step_id"] == "gift" and run["outcome"] == "done"
        for run in snapshot["decisions_journeys_steprun"]
    )
    given = sum(
        entry["amount"]
        for entry in snapshot["records_ledger_entry"]
        if entry["account_id"] in holders and transfers[entry["transfer_id"]]["key"].startswith("journey:")
    )
    verdict.expect(given == gifts * 50, f"gifts: {given} points for {gifts} steps")
    total = sum(row["posted"] for row in snapshot["records_ledger_balance"])
    verdict.expect(
        total == sum(due.values()) + gifts * 50,
        f"all balances: {total}, should be {sum(due.values()) + gifts * 50}",
    )
    return verdict
