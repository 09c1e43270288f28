"""What was decided at the console while processes died: merges by hand, settings, segments, journeys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from proof.checks.verdict import Verdict
from proof.snapshot import Row, Snapshot, group

DONE = 302
BY_HAND = "case"  # reason of a merge that somebody decided


def possible(acts: Iterable[Row]) -> range:
    """How often an effect may be there that each asking makes anew: once for each answer, perhaps for each silence."""
    answers = [answer for act in acts for answer in act["answers"]]
    return range(answers.count(DONE), answers.count(DONE) + answers.count(0) + 1)


def _acts(snapshot: Snapshot, *kinds: str) -> list[Row]:
    return [act for act in snapshot.office["acts"] if act["kind"] in kinds]


def _trail(snapshot: Snapshot, verb: str) -> list[Row]:
    return [row for row in snapshot["foundation_audit_auditrow"] if row["verb"] == verb]


def merges(snapshot: Snapshot) -> Verdict:
    """Each case somebody decided is one merge, or none, with its row in the trail."""
    verdict = Verdict(
        "every merge decided by hand is one merge with its trail; two who stay two are not merged"
    )
    cases = snapshot.by_id("records_customers_mergecase")
    made = Counter(
        frozenset((row["kept_id"], row["merged_id"]))
        for row in snapshot["records_customers_merge"]
        if row["reason"] == BY_HAND and not row["by_rule"]
    )
    told: Counter[frozenset[int]] = Counter()
    for row in _trail(snapshot, "customer.merged"):
        told[frozenset((row["detail"]["kept_id"], row["detail"]["merged_id"]))] += 1
    parted = Counter(row["object_id"] for row in _trail(snapshot, "case.dismissed"))
    decided = group(_acts(snapshot, "merge", "part"), "word")
    asked = set()
    for word, acts in decided.items():
        case = cases[int(word)]
        pair = frozenset((case["first_id"], case["second_id"]))
        asked.add(pair)
        together = [act for act in acts if act["kind"] == "merge"]
        verdict.expect(
            made[pair] == told[pair], f"case {word}: {made[pair]} merges, {told[pair]} in the trail"
        )
        # Whoever is one already, by another way, is not merged once more.
        most = possible(together).stop - 1
        verdict.expect(made[pair] <= most, f"case {word}: {made[pair]} merges, {most} asked for")
        apart = possible(act for act in acts if act["kind"] == "part")
        verdict.expect(parted[word] in apart, f"case {word}: dismissed {parted[word]} times")
        answered = any(DONE in act["answers"] for act in acts)
        verdict.expect(
            case["state"] != "open" or not answered or case["opened_at"] > case["resolved_at"],
            f"case {word} was decided and is open",
        )
    for pair in made.keys() - asked:
        verdict.expect(False, f"nobody decided that {sorted(pair)} are one")
    return verdict


def settings(snapshot: Snapshot) -> Verdict:
    """Each setting that was saved is there with its row in the trail; what was saved last is in force."""
    verdict = Verdict("every setting saved is kept with its trail, and the last one saved is in force")
    kept: Counter[str] = Counter()
    for row in snapshot["foundation_settings_settingvalue"]:
        kept[f"{row['key']}={_plain(row['value'])}"] += 1
    told: Counter[str] = Counter()
    for row in _trail(snapshot, "setting.changed"):
        told[f"{row['object_id']}={_plain(row['detail']['value'])}"] += 1
    by_word = group(_acts(snapshot, "setting"), "word")
    last: dict[str, str] = {}
    for word, acts in by_word.items():
        verdict.expect(kept[word] == told[word], f"{word}: {kept[word]} values, {told[word]} in the trail")
        verdict.expect(kept[word] in possible(acts), f"{word}: {kept[word]} values")
    for act in _acts(snapshot, "setting"):
        if DONE in act["answers"]:
            last[act["word"].split("=")[0]] = act["word"]
    for key, word in last.items():
        rows = [row for row in snapshot["foundation_settings_settingvalue"] if row["key"] == key]
        now = max(rows, key=lambda row: (row["effective_from"], row["id"]))
        found = f"{key}={_plain(now['value'])}"
        verdict.expect(found == word, f"{found} is in force, {word} was saved last")
    return verdict


def _plain(value: Any) -> str:
    return str(value).strip('"')


def segments(snapshot: Snapshot) -> Verdict:
    """Each segment made is there once; each rule saved is one version; the last is in force."""
    verdict = Verdict("every segment and each of its rules is kept once, in order, with its trail")
    rows = {row["name"]: row for row in snapshot["insights_segments_segment"]}
    versions = group(snapshot["insights_segments_segmentversion"], "segment_id")
    changed = Counter(row["object_id"] for row in _trail(snapshot, "segment.changed"))
    archived = Counter(row["object_id"] for row in _trail(snapshot, "segment.archived"))
    by_name: dict[str, list[Row]] = {}
    for act in _acts(snapshot, "segment new", "segment edit", "segment archive"):
        by_name.setdefault(act["word"].split("|")[0], []).append(act)
    for name, acts in by_name.items():
        row = rows.get(name)
        if row is None:
            verdict.expect(
                not any(DONE in act["answers"] for act in acts), f"{name} was made and is not there"
            )
            continue
        mine = sorted(versions.get(row["id"], []), key=lambda version: version["version"])
        numbers = [version["version"] for version in mine]
        verdict.expect(numbers == list(range(1, row["version"] + 1)), f"{name}: versions {numbers}")
        days = [str(_days(version["definition"])) for version in mine]
        ruled = [act for act in acts if act["kind"] != "segment archive"]
        for act in ruled:
            word, done = act["word"].split("|")[1], DONE in act["answers"]
            verdict.expect(days.count(word) in range(done, 2), f"{name}: {word} days, versions of {days}")
        sure = [act["word"].split("|")[1] for act in ruled if DONE in act["answers"]]
        verdict.expect(not sure or days[-1] == sure[-1], f"{name}: {days[-1:]} days, saved last {sure[-1:]}")
        edits = possible(act for act in acts if act["kind"] == "segment edit")
        number = changed[str(row["id"])]
        verdict.expect(number in edits, f"{name}: changed {number} times by the trail")
        gone = possible(act for act in acts if act["kind"] == "segment archive")
        number = archived[str(row["id"])]
        verdict.expect(number == bool(row["archived_at"]), f"{name}: archived {number} times by the trail")
        verdict.expect(number in range(bool(gone.start), gone.stop), f"{name}: archived {number} times")
        verdict.expect(row["state"] == "ready", f"{name} is {row['state']}: {row['error']}")
    return verdict


def _days(definition: Row) -> object:
    [(_mode, nodes)] = definition["root"].items()
    return nodes[0]["fact"].get("days")


def versions(snapshot: Snapshot) -> Verdict:
    """Publishing makes one version; whoever is inside stays on the version they entered."""
    verdict = Verdict("journey versions count up, each published once; people stay on the one they entered")
    by_journey = group(snapshot["decisions_journeys_journeyversion"], "journey_id")
    by_id = snapshot.by_id("decisions_journeys_journeyversion")
    told = Counter(
        (int(row["object_id"]), row["detail"]["version"]) for row in _trail(snapshot, "journey.published")
    )
    for journey in snapshot["decisions_journeys_journey"]:
        mine = sorted(by_journey[journey["id"]], key=lambda version: version["number"])
        live = [version["number"] for version in mine if version["published_at"]]
        numbers = [version["number"] for version in mine]
        name = f"journey {journey['id']}"
        verdict.expect(numbers == list(range(1, len(mine) + 1)), f"{name}: versions {numbers}")
        verdict.expect(
            live == numbers[: len(live)] and len(live) >= len(mine) - 1, f"{name}: published {live}"
        )
        verdict.expect(journey["live_version"] == live[-1], f"{name}: {journey['live_version']} is live")
        for number in live:
            verdict.expect(told[journey["id"], number] == 1, f"{name}: version {number} in the trail")
        mine_told = sum(count for (one, _number), count in told.items() if one == journey["id"])
        verdict.expect(mine_told == len(live), f"{name}: {len(live)} published, {mine_told} in the trail")
        asked = possible(act for act in _acts(snapshot, "publish") if act["word"] == str(journey["id"]))
        verdict.expect(len(live) - 1 in asked, f"{name}: published {len(live) - 1} times")
    _steps_kept(verdict, snapshot, by_journey)
    entered = {
        fact["payload"]["enrolment_id"]: fact["payload"]["version"]
        for fact in snapshot.facts("journey.entered")
    }
    runs = group(snapshot["decisions_journeys_steprun"], "enrolment_id")
    for row in snapshot["decisions_journeys_enrolment"]:
        version = by_id[row["version_id"]]
        good = version["published_at"] is not None and version["journey_id"] == row["journey_id"]
        verdict.expect(good, f"enrolment {row['id']} is on version {version['number']}, which was never live")
        number = entered.get(row["id"])
        verdict.expect(
            number == version["number"], f"enrolment {row['id']} entered {number}, is on {version['number']}"
        )
        others = {run["version_id"] for run in runs.get(row["id"], [])} - {row["version_id"]}
        verdict.expect(not others, f"enrolment {row['id']} took steps of versions {others}")
    return verdict


def _steps_kept(verdict: Verdict, snapshot: Snapshot, by_journey: dict[Any, list[Row]]) -> None:
    """Each step that was put in is in the newest version, as often as it was asked for."""
    labels: Counter[str] = Counter()
    for mine in by_journey.values():
        newest = max(mine, key=lambda version: version["number"])
        labels.update(step.get("label", "") for step in newest["definition"]["steps"])
    for act in _acts(snapshot, "draft"):
        verdict.expect(
            labels[act["word"]] in possible([act]), f"step {act['word']}: {labels[act['word']]} times"
        )


__all__ = ["merges", "segments", "settings", "versions"]
