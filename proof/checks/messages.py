"""Deliveries against what the customers' phones show."""

from __future__ import annotations

from collections import Counter
from typing import Any

from proof.checks.verdict import Verdict
from proof.snapshot import Row, Snapshot, people

WELCOME, MASS = "wecom.welcome", "wecom.mass"
ARRIVED = ("sent", "delivered")
AddressedTo = tuple[str, str]


class _Phones:
    """What reached whom, and what stands as a task before a member, by the twin's record."""

    def __init__(self, snapshot: Snapshot) -> None:
        relations = snapshot["connectors_wecom_relation"]
        self._external: dict[int, set[str]] = {}
        self._customer = people(snapshot)
        for row in relations:
            customer = self._customer.get(row["subject_id"])
            if customer is not None:
                self._external.setdefault(customer, set()).add(row["external_userid"])
        self.userid = {
            row["employee_id"]: row["userid"] for row in relations if row["employee_id"] is not None
        }
        codes = {row["ref"]: row for row in snapshot["connectors_wecom_welcomecode"]}
        self.codes = codes
        self.welcomes = Counter(
            (row["userid"], row["external_userid"], row["text"]) for row in snapshot.ledger("welcomes")
        )
        self.tasks: list[Row] = []
        for message in snapshot.twin["mass"].values():
            for task in message["tasks"]:
                for row in task["rows"]:
                    self.tasks.append(
                        {
                            "msgid": message["msgid"], "userid": task["userid"], "text": message["text"],
                            "external_userid": row["external_userid"], "status": row["status"],
                            "cancelled": bool(message["cancelled_at"]),
                        }
                    )  # fmt: skip

    def customer(self, delivery: Row) -> int:
        """The person a delivery is for, whoever was ever taken for the same."""
        known: int = delivery["customer_id"]
        return self._customer.get(delivery["subject_id"], known)

    def of(self, delivery: Row) -> tuple[str, set[str], str]:
        """Sender, the customer's ids at WeCom, text."""
        ids = self._external.get(self.customer(delivery), set())
        return self.userid.get(delivery["employee_id"], ""), ids, delivery["content"]["text"]

    def mass_of(self, delivery: Row) -> list[Row]:
        """Every task row with this text from this sender to this customer."""
        userid, ids, text = self.of(delivery)
        return [
            t
            for t in self.tasks
            if t["userid"] == userid and t["text"] == text and t["external_userid"] in ids
        ]

    def welcomes_of(self, delivery: Row) -> int:
        """How often this welcome arrived."""
        userid, ids, text = self.of(delivery)
        return sum(self.welcomes[userid, external, text] for external in ids)


def _groups(snapshot: Snapshot, channel: str) -> dict[Any, list[Row]]:
    phones = _Phones(snapshot)
    found: dict[Any, list[Row]] = {}
    for row in snapshot["actions_messaging_delivery"]:
        if row["channel"] == channel:
            key = (phones.customer(row), row["employee_id"], row["content"]["text"])
            found.setdefault(key, []).append(row)
    return found


def once(snapshot: Snapshot) -> Verdict:
    """No phone shows, and no member was asked for, more messages than deliveries that may have left."""
    verdict = Verdict("no customer got a message twice; no member was handed a task twice")
    phones = _Phones(snapshot)
    may = (*ARRIVED, "unknown", "sending")
    for channel in (WELCOME, MASS):
        for key, rows in _groups(snapshot, channel).items():
            if channel == WELCOME:
                number, most = phones.welcomes_of(rows[0]), len(rows)
            else:
                number = sum(not task["cancelled"] for task in phones.mass_of(rows[0]))
                most = sum(row["state"] in (*may, "waiting_member", "failed", "cancelled") for row in rows)
            verdict.expect(number <= most, f"{channel} {key}: {number} times for {most} deliveries")
    welcomed = {
        (userid, external, text)
        for row in snapshot["actions_messaging_delivery"]
        if row["channel"] == WELCOME
        for userid, ids, text in [phones.of(row)]
        for external in ids
    }
    for key in phones.welcomes:
        verdict.expect(key in welcomed, f"a phone shows a welcome of no delivery: {key}")
    ours = {
        (row["content"]["text"], phones.userid.get(row["employee_id"]))
        for row in snapshot["actions_messaging_delivery"]
    }
    for task in phones.tasks:
        verdict.expect((task["text"], task["userid"]) in ours, f"task {task['msgid']} belongs to no delivery")
    return verdict


def true(snapshot: Snapshot) -> Verdict:
    """Each delivery's state is what the platform shows; unknown only where it cannot tell."""
    verdict = Verdict("each delivery's state is the true one; unknown only where WeCom cannot tell")
    phones = _Phones(snapshot)
    for rows in _groups(snapshot, WELCOME).values():
        arrived = phones.welcomes_of(rows[0])
        sure = sum(row["state"] in ARRIVED for row in rows)
        unsure = sum(row["state"] == "unknown" for row in rows)
        verdict.expect(
            sure <= arrived <= sure + unsure,
            f"welcome {rows[0]['key']}: {sure} sent, {unsure} unknown, {arrived} arrived",
        )
        for row in rows:
            verdict.expect(
                row["state"] in (*ARRIVED, "unknown", "failed", "cancelled"),
                f"welcome {row['key']} is {row['state']}",
            )
    asked = _asked(snapshot)
    for rows in _groups(snapshot, MASS).values():
        tasks = phones.mass_of(rows[0])
        by_id = {(task["msgid"], task["external_userid"]): task for task in tasks}
        for row in rows:
            task = by_id.get((row["ref"], asked.get((row["ref"], row["id"]), "")))
            _mass(verdict, row, task, tasks, len(rows))
    return verdict


def _asked(snapshot: Snapshot) -> dict[tuple[str, int], str]:
    """(task, delivery) → the customer's id at WeCom for whom it was handed over."""
    sends = snapshot.by_id("connectors_wecom_masssend")
    relations = snapshot.by_id("connectors_wecom_relation")
    return {
        (sends[row["send_id"]]["msgid"], row["delivery_id"]): relations[row["relation_id"]]["external_userid"]
        for row in snapshot["connectors_wecom_massrecipient"]
    }


def _mass(verdict: Verdict, row: Row, task: Row | None, tasks: list[Row], siblings: int) -> None:
    wanted = {0: "waiting_member", 1: "sent", 2: "failed", 3: "failed"}
    state = "sent" if row["state"] in ARRIVED else row["state"]
    if state == "unknown":
        verdict.expect(False, f"mass {row['key']} is unknown although WeCom can be asked: {row['reason']}")
    elif row["ref"] and state == "cancelled":
        verdict.expect(
            task is not None and task["cancelled"] and task["status"] != 1,
            f"mass {row['key']} is cancelled, but WeCom's task stands",
        )
    elif row["ref"]:
        really = wanted[task["status"]] if task else "failed"
        verdict.expect(state == really, f"mass {row['key']} is {state}, really {really}")
    elif state in ("queued", "held", "failed", "cancelled"):
        # Never handed over, says siyu: then no more tasks exist than its siblings account for.
        verdict.expect(len(tasks) < siblings, f"mass {row['key']} is {state}, but WeCom has the task")
    else:
        verdict.expect(False, f"mass {row['key']} is {state} without a task of WeCom's")


def missing(snapshot: Snapshot) -> Verdict:
    """Everybody who was to be written to has a delivery, or a step that says why not."""
    verdict = Verdict("no message due as known then is missing; each that did not leave says why")
    deliveries = snapshot.by_id("actions_messaging_delivery")
    for run in snapshot["decisions_journeys_steprun"]:
        if run["step_id"] not in ("welcome", "invite", "thanks"):
            continue
        if run["outcome"] == "done":
            number = int(run["ref"].removeprefix("delivery:") or 0)
            verdict.expect(number in deliveries, f"step run {run['id']}: delivery {number} is not there")
        else:
            verdict.expect(
                run["outcome"] == "holdout" or bool(run["reason"]),
                f"step run {run['id']}: {run['outcome']} without a reason",
            )
    for row in deliveries.values():
        if row["state"] in ("failed", "cancelled", "unknown"):
            verdict.expect(bool(row["reason"]), f"delivery {row['id']} is {row['state']} without a reason")
        if row["state"] == "held":
            verdict.expect(bool(row["held_rule"]), f"delivery {row['id']} is held by no rule")
        if row["state"] == "failed" and row["reason"].startswith("expired"):
            late = row["expires_at"] is not None and row["closed_at"] >= row["expires_at"]
            verdict.expect(late, f"delivery {row['id']} failed as expired before it was")
    return verdict


def settled(snapshot: Snapshot) -> Verdict:
    """Nothing is under way, nothing due is still waiting."""
    verdict = Verdict("no delivery is stuck: none is being sent, none is overdue")
    states = Counter((row["channel"], row["state"]) for row in snapshot["actions_messaging_delivery"])
    verdict.notes = [f"{channel} {state} {number}" for (channel, state), number in sorted(states.items())]
    for row in snapshot["actions_messaging_delivery"]:
        verdict.expect(row["state"] != "sending", f"delivery {row['id']} is still being sent")
        overdue = (
            row["state"] in ("queued", "held") and row["due_at"] is not None and row["due_at"] <= snapshot.at
        )
        resting = row["run_after"] is not None and row["run_after"] > snapshot.wall
        verdict.expect(not overdue or resting, f"delivery {row['id']} is overdue since {row['due_at']}")
    return verdict
