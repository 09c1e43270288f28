"""Everybody who fits enters once, takes each step once, none is skipped; control groups are left alone."""

from __future__ import annotations

from collections import Counter

from proof.checks.messages import MASS
from proof.checks.verdict import Verdict
from proof.snapshot import DRAWN, Row, Snapshot, group


def entered(snapshot: Snapshot) -> Verdict:
    """Each live fact a journey begins with is one enrolment or one skip with its reason."""
    verdict = Verdict("every entry fact is one enrolment or one skip with its reason, never both")
    enrolments = group(snapshot["decisions_journeys_enrolment"], "journey_id", "entry_fact_id")
    skips = group(snapshot["decisions_journeys_skip"], "journey_id", "fact_id")
    known = set()
    for journey in snapshot["decisions_journeys_journey"]:
        for fact in snapshot.facts(journey["entry_fact"], "live"):
            key = (journey["id"], fact["id"])
            known.add(key)
            number = len(enrolments.get(key, [])) + len(skips.get(key, []))
            verdict.expect(number == 1, f"journey {key[0]}, fact {key[1]}: {number} enrolments and skips")
    for key in enrolments.keys() - known:
        verdict.expect(False, f"enrolment by {key}: no such live fact")
    open_runs = Counter(
        (row["journey_id"], row["customer_id"])
        for row in snapshot["decisions_journeys_enrolment"]
        if row["state"] in ("active", "error")
    )
    for key, number in open_runs.items():
        verdict.expect(number == 1, f"journey and customer {key}: {number} open runs")
    return verdict


def _successors(step: Row, following: str | None) -> set[str | None]:
    """Where a step may lead."""
    if step["type"] == "branch":
        return {case["next"] for case in step["cases"]} | {step.get("otherwise")}
    if step["type"] == "end":
        return {None}
    return {step.get("next", following)}


def _graph(version: Row) -> dict[str, set[str | None]]:
    steps = version["definition"]["steps"]
    after = [step["id"] for step in steps[1:]] + [None]
    return {step["id"]: _successors(step, nxt) for step, nxt in zip(steps, after, strict=True)}


def steps(snapshot: Snapshot) -> Verdict:
    """Visits of a run are 1, 2, 3 … along the definition's arrows, up to where the person stands."""
    verdict = Verdict("no journey step twice or skipped: visits 1..n along the definition")
    graphs = {row["id"]: _graph(row) for row in snapshot["decisions_journeys_journeyversion"]}
    firsts = {
        row["id"]: row["definition"]["steps"][0]["id"]
        for row in snapshot["decisions_journeys_journeyversion"]
    }
    runs = group(snapshot["decisions_journeys_steprun"], "enrolment_id")
    facts = Counter(
        (row["payload"]["enrolment_id"], row["payload"]["visit"])
        for row in snapshot.facts("journey.step_taken")
    )
    for row in snapshot["decisions_journeys_enrolment"]:
        taken = sorted(runs.get(row["id"], []), key=lambda run: (run["visit"], run["id"]))
        who = f"enrolment {row['id']}"
        verdict.expect(row["state"] != "error", f"{who} failed: {row['error']}")
        verdict.expect(
            [run["visit"] for run in taken] == list(range(1, len(taken) + 1)),
            f"{who}: visits {[r['visit'] for r in taken]}",
        )
        through = row["state"] == "ended" and row["end_reason"] == "completed"
        verdict.expect(
            len(taken) == (row["visit"] if through else row["visit"] - 1),
            f"{who}: {len(taken)} steps taken, stands at visit {row['visit']}",
        )
        path: list[str | None] = [run["step_id"] for run in taken]
        path.append(None if through else row["step_id"])
        graph = graphs[row["version_id"]]
        verdict.expect(path[0] == firsts[row["version_id"]], f"{who} began at {path[0]}")
        for one, other in zip(path, path[1:], strict=False):
            verdict.expect(other in graph[one or ""], f"{who}: {one} leads to {other}")
        for run in taken:
            told = facts[row["id"], run["visit"]]
            silent = run["outcome"] in ("waited", "timed_out")
            verdict.expect(told == (0 if silent else 1), f"{who}, visit {run['visit']}: {told} facts")
    return verdict


def effects(snapshot: Snapshot) -> Verdict:
    """What a step did is there, once."""
    verdict = Verdict("each step's effect is there exactly once (task, gift, delivery)")
    keyed = {
        "task": Counter(row["key"] for row in snapshot["actions_work_task"]),
        "gift": Counter(row["key"] for row in snapshot["records_ledger_transfer"]),
    }
    deliveries = Counter(row["key"] for row in snapshot["actions_messaging_delivery"])
    for step in ("welcome", "invite", "thanks"):
        keyed[step] = deliveries
    wanted = set()
    erased = {row["id"] for row in snapshot["records_customers_customer"] if row["erased_at"]}
    tidied = {row["id"] for row in snapshot["decisions_journeys_enrolment"] if row["customer_id"] in erased}
    for run in snapshot["decisions_journeys_steprun"]:
        if run["step_id"] in keyed and run["outcome"] == "done":
            key = f"journey:{run['enrolment_id']}:{run['visit']}"
            wanted.add(key)
            number = sum(n for k, n in keyed[run["step_id"]].items() if k == key or k.startswith(key + ":"))
            gone = run["step_id"] == "task" and run["enrolment_id"] in tidied  # erased with the person
            verdict.expect(number == (0 if gone else 1), f"{run['step_id']} of {key}: {number}")
    for key in [*deliveries, *keyed["task"]]:
        if key.startswith("journey:"):
            verdict.expect(key in wanted, f"{key} without its step")
    return verdict


def holdout(snapshot: Snapshot) -> Verdict:
    """Who is in the control group got no promotional message of that journey; nobody changes sides.

    A person has one arm, under whatever ids. Only two ids that were drawn differently before anybody knew
    that they are one person may disagree.
    """
    verdict = Verdict("hold-out people are untouched, and arms never change")
    roots: dict[int, int] = {row["id"]: row["root_id"] for row in snapshot["records_customers_customer"]}

    def person(customer: int) -> int:
        return roots.get(customer, customer)

    # By transactions, not moments: what began long ago may write its moment after what began later.
    merged: dict[int, int] = {}
    for fact in snapshot["facts_log"]:
        if fact["name"] == "customer.merged":
            root = person(fact["payload"]["kept_id"])
            merged[root] = max(fact["tx"], merged.get(root, 0))
    drawn = group(snapshot[DRAWN], "scope_key", "customer_id")
    arms: dict[tuple[str, int], list[Row]] = {}
    for (scope, customer), rows in drawn.items():
        verdict.expect(len(rows) == 1, f"{scope} {customer}: {len(rows)} arms")
        arms.setdefault((scope, person(customer)), []).extend(rows)
    for key, rows in arms.items():
        sides = {row["arm"] == "holdout" for row in rows}
        late = key[1] not in merged or max(row["tx"] for row in rows) > merged[key[1]]
        verdict.expect(len(sides) == 1 or not late, f"{key}: was drawn anew after the merge")
    outcomes: dict[tuple[str, int], set[bool]] = {
        key: {row["arm"] == "holdout" for row in rows} for key, rows in arms.items()
    }
    _parted(verdict, snapshot, drawn)
    under = _ever_under(snapshot)
    for row in snapshot["actions_messaging_delivery"]:
        if row["channel"] == MASS and row["holdout_key"]:
            known = _sides(drawn, row["holdout_key"], under.get(row["subject_id"], {row["customer_id"]}))
            verdict.expect(known != {True}, f"delivery {row['id']}: to somebody in the control group")
    runs = group(snapshot["decisions_journeys_steprun"], "enrolment_id")
    for row in snapshot["decisions_journeys_enrolment"]:
        known = _sides(
            drawn, f"journey:{row['journey_id']}", under.get(row["subject_id"], {row["customer_id"]})
        )
        for run in runs.get(row["id"], []):
            if run["step_id"] in ("invite", "thanks"):
                side = run["outcome"] == "holdout"
                verdict.expect(
                    side in known, f"enrolment {row['id']}, {run['step_id']}: {run['outcome']}, arms {known}"
                )
    held = sum(sides == {True} for sides in outcomes.values())
    verdict.notes.append(f"{held} in control groups")
    return verdict


def _ever_under(snapshot: Snapshot) -> dict[int, set[int]]:
    """Subject → every customer it belonged to at some time, and those merged with one of these now."""
    mates = group(snapshot["records_customers_customer"], "root_id")
    roots = {row["id"]: row["root_id"] for row in snapshot["records_customers_customer"]}
    found: dict[int, set[int]] = {}
    for row in snapshot["records_customers_subjectmap"]:
        mine = found.setdefault(row["subject_id"], set())
        mine |= {row["customer_id"], row["home_id"]}
        if row["valid_to"] is None:
            mine |= {mate["id"] for mate in mates.get(roots[row["customer_id"]], [])}
    return found


def _sides(drawn: dict[tuple[str, int], list[Row]], scope: str, customers: set[int]) -> set[bool]:
    """On which sides the person was, under all these ids."""
    return {row["arm"] == "holdout" for customer in customers for row in drawn.get((scope, customer), [])}


def _parted(verdict: Verdict, snapshot: Snapshot, drawn: dict[tuple[str, int], list[Row]]) -> None:
    """Who was drawn while taken for another keeps that side once they are known to be two."""
    merges = snapshot["records_customers_merge"]
    ends = Counter(customer for row in merges for customer in (row["kept_id"], row["merged_id"]))
    for row in merges:
        pair = (row["kept_id"], row["merged_id"])
        if not row["undone_at"] or ends[pair[0]] + ends[pair[1]] > 2:
            continue  # with a third one, whose side came first is not said by these two
        for scope in {scope for scope, customer in drawn if customer in pair}:
            both = [one for customer in pair for one in drawn.get((scope, customer), [])]
            both.sort(key=lambda one: one["at"])
            if len(both) < 2 or both[1]["at"] < row["at"] or both[0]["at"] > row["undone_at"]:
                continue
            # Only what was done in the name of the kept one holds for the other too.
            if both[0]["customer_id"] == row["kept_id"] or both[1]["at"] <= row["undone_at"]:
                same = both[0]["arm"] == both[1]["arm"]
                verdict.expect(same, f"{scope}: {pair} changed sides when their merge was undone")
