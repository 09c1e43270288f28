"""From the platform's word to facts: nothing lost, nothing twice, nothing invented."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from proof.checks.verdict import Verdict
from proof.snapshot import INBOX, Snapshot, Told, group, moment

ADD, HALF = "add_external_contact", "add_half_external_contact"
ENDS = {"del_external_contact": "employee", "del_follow_user": "customer"}
ERASING = timedelta(seconds=60)
SAME_ADDING = 60.0  # seconds: WeCom reports one adding twice, a pull may differ from the callback
Pair = tuple[str, str]


def once(snapshot: Snapshot) -> Verdict:
    """Each accepted callback is one inbox row, handled; each row is a callback that was really sent."""
    verdict = Verdict("every accepted callback is exactly one inbox row, and handled")
    stored = group(snapshot[INBOX], "key")
    sent = {told.key for told in snapshot.told if told.status != "lost"}
    for key in sorted({told.key for told in snapshot.told if told.status == "accepted"}):
        rows = stored.get(key, [])
        verdict.expect(len(rows) == 1, f"callback {key[7:19]}: {len(rows)} inbox rows")
    for key, rows in stored.items():
        verdict.expect(key in sent, f"inbox row {rows[0]['id']} was never sent")
        for row in rows:
            verdict.expect(row["state"] == "done", f"inbox row {row['id']} is {row['state']}")
    return verdict


def keys(snapshot: Snapshot) -> Verdict:
    """The log and its keys are the same set, one to one."""
    verdict = Verdict("every fact is there once: log and keys are one to one")
    told = Counter((row["source"], row["external_id"]) for row in snapshot["facts_log"])
    keyed = {(row["source"], row["external_id"]): row["fact_id"] for row in snapshot["facts_event_key"]}
    ids = {(row["source"], row["external_id"]): row["id"] for row in snapshot["facts_log"]}
    for key, number in told.items():
        verdict.expect(
            number == 1 and keyed.get(key) == ids[key], f"fact {key}: {number} times, key {keyed.get(key)}"
        )
    for key in keyed.keys() - told.keys():
        verdict.expect(False, f"key {key} without its fact")
    return verdict


def _pairs(snapshot: Snapshot) -> dict[tuple[int, int], Pair]:
    """(subject, employee) → (member, customer), by siyu's own table of relations."""
    return {
        (row["subject_id"], row["employee_id"]): (row["userid"], row["external_userid"])
        for row in snapshot["connectors_wecom_relation"]
    }


def _heard(snapshot: Snapshot, changes: Iterable[str]) -> dict[Pair, list[Told]]:
    """Accepted callbacks of these kinds by member and customer, oldest first, each text once."""
    wanted = set(changes)
    found: dict[Pair, dict[str, Told]] = {}
    for told in snapshot.told:
        if told.status == "accepted" and told.change in wanted:
            found.setdefault(told.pair, {})[told.plaintext] = told
    return {pair: sorted(texts.values(), key=lambda told: told.at) for pair, texts in found.items()}


def friends(snapshot: Snapshot) -> Verdict:
    """Each accepted adding is one contact.added; each contact.added is an adding that happened."""
    verdict = Verdict("every accepted adding is exactly one contact.added; none is invented")
    pairs = _pairs(snapshot)
    recorded: dict[Pair, list[datetime]] = {}
    for fact in snapshot.facts("contact.added", "live"):
        pair = pairs.get((fact["subject_id"], fact["payload"]["employee_id"]), ("", ""))
        recorded.setdefault(pair, []).append(fact["occurred_at"])
    really: dict[Pair, list[datetime]] = {}
    for row in snapshot.ledger("adds"):
        really.setdefault((row["userid"], row["external_userid"]), []).append(moment(row["at"]))
    lost_end = {
        told.pair for told in snapshot.told if told.change in ENDS and told.status in ("lost", "failed")
    }
    erased = _erased_at(snapshot)
    half = {told.pair for told in snapshot.told if told.change == HALF}
    for pair, heard in _heard(snapshot, [ADD]).items():
        for told in heard:
            number = sum(_near(told.at, at) for at in recorded.get(pair, []))
            # Whoever comes back after an end that was lost was never known to have gone.
            excused = number == 0 and pair in lost_end and told is not heard[0]
            # What is dated before an erasure is erased with it, whenever it is heard.
            again = told is not heard[0] or pair in half
            excused = excused or (
                number == 0 and again and pair in erased and told.at <= erased[pair] + ERASING
            )
            verdict.expect(number == 1 or excused, f"adding of {pair} at {told.at}: {number} facts")
    for pair, moments in recorded.items():
        for at in moments:
            verdict.expect(
                any(_near(at, other) for other in really.get(pair, [])),
                f"contact.added of {pair} at {at}: never happened",
            )
    return verdict


def _erased_at(snapshot: Snapshot) -> dict[Pair, datetime]:
    """Member and customer → when the customer was erased last."""
    found: dict[Pair, datetime] = {}
    for known, at in snapshot.forgotten():
        for _subject, _employee, userid, external in known["pairs"]:
            found[userid, external] = max(at, found.get((userid, external), at))
    return found


def _near(one: datetime, other: datetime) -> bool:
    return abs((one - other).total_seconds()) <= SAME_ADDING


def losses(snapshot: Snapshot) -> Verdict:
    """Each accepted end of a friendship is one contact.ended."""
    verdict = Verdict("every accepted end of a friendship is exactly one contact.ended")
    pairs = _pairs(snapshot)
    recorded: dict[Pair, list[datetime]] = {}
    for fact in snapshot.facts("contact.ended"):
        pair = pairs.get((fact["subject_id"], fact["payload"]["employee_id"]), ("", ""))
        recorded.setdefault(pair, []).append(fact["occurred_at"])
    begun: dict[Pair, list[datetime]] = {}
    for fact in snapshot.facts("contact.added"):
        pair = pairs.get((fact["subject_id"], fact["payload"]["employee_id"]), ("", ""))
        begun.setdefault(pair, []).append(fact["occurred_at"])
    erased = _erased_at(snapshot)
    heard = _heard(snapshot, ENDS)
    for pair, ends in heard.items():
        for told in ends:
            # An end whose beginning was lost, and so never known, is the end of nothing.
            since = max((at for at in begun.get(pair, []) if at <= told.at), default=None)
            number = sum(at == told.at for at in recorded.get(pair, []))
            if number == 0 and since is not None:
                # A pull may have seen that they parted before the callback came through, and said when it saw it.
                again = min((at for at in begun[pair] if at > told.at), default=None)
                number = sum(since <= at and (again is None or at < again) for at in recorded.get(pair, []))
            good = number == (since is not None)
            if not good and pair in erased and told.at > erased[pair]:
                good = (
                    number == 0
                )  # the end of a friendship that was erased before it was known to have begun
            verdict.expect(good, f"end of {pair} at {told.at}: {number} facts")
    for pair, moments in recorded.items():
        really = len(_ends_of(snapshot, pair))
        verdict.expect(len(moments) <= really, f"{pair}: {len(moments)} contact.ended, {really} really")
    return verdict


def _ends_of(snapshot: Snapshot, pair: Pair) -> list[float]:
    return [
        row["at"]
        for kind in ("blocks", "deletes")
        for row in snapshot.ledger(kind)
        if (row["userid"], row["external_userid"]) == pair
    ]


def orders(snapshot: Snapshot) -> Verdict:
    """Each report the shop was told is taken is one fact and one record; none is invented."""
    verdict = Verdict("every order and refund taken is exactly one fact and one record")
    reported = Counter(
        row["external_id"]
        for row in snapshot["facts_log"]
        if row["name"] in ("trade.order_reported", "trade.refund_reported")
    )
    live = {row["order_no"]: row for row in snapshot["records_commerce_order"] if not row["backfill"]}
    paid = Counter(row["payload"]["order_no"] for row in snapshot.facts("order.paid", "live"))
    refunds = Counter(row["refund_no"] for row in snapshot["records_commerce_refund"])
    known = set()
    for event in snapshot.twin["shop_events"]:
        known.add(event["id"])
        payload = event["body"]["payload"]
        if event["status"] not in ("accepted", "duplicate"):
            verdict.expect(event["status"] == "rejected", f"{event['id']} is {event['status']}")
            continue
        verdict.expect(reported[event["id"]] == 1, f"{event['id']}: {reported[event['id']]} facts")
        if event["id"].startswith("order-"):
            order = live.get(payload["order_no"])
            amount = sum(line["amount"] for line in payload["lines"])
            verdict.expect(order is not None and order["amount"] == amount, f"{event['id']}: record {order}")
            verdict.expect(
                paid[payload["order_no"]] == 1, f"{event['id']}: {paid[payload['order_no']]} order.paid"
            )
        else:
            number = refunds[payload["refund_no"]]
            verdict.expect(number == 1, f"{event['id']}: {number} records")
    for external_id in reported.keys() - known:
        verdict.expect(False, f"{external_id} was never reported")
    return verdict


def healed(snapshot: Snapshot) -> Verdict:
    """Friendships agree with the platform's lists, but for what no pull can show (a lost goodbye)."""
    verdict = Verdict("friendships equal the platform's own lists (lost callbacks healed by pulling)")
    open_now = {
        (row["userid"], row["external_userid"])
        for row in snapshot["connectors_wecom_relation"]
        if row["open"]
    }
    unheard = {
        told.pair
        for told in snapshot.told
        if told.change == "del_follow_user" and told.status in ("lost", "failed")
    }
    closed = {
        (row["userid"], row["external_userid"])
        for row in snapshot["connectors_wecom_relation"]
        if row["ended_by"] == "erased"
    } & _erased_at(snapshot).keys()
    members = snapshot.twin["members"]
    for follow in snapshot.twin["follows"].values():
        pair = (follow["userid"], follow["external_userid"])
        if members[follow["userid"]]["status"] != 1:
            continue
        listed = not follow["deleted_by_member"] and not follow["half"]
        friends_now = listed and not follow["deleted_by_customer"]
        if pair in unheard:
            continue
        if pair in closed:
            verdict.expect(pair not in open_now, f"{pair} was erased and is open")
            continue
        verdict.expect(
            (pair in open_now) == friends_now, f"{pair}: really {friends_now}, known {pair in open_now}"
        )
    return verdict
