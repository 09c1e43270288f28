"""What is derived equals what comes out when it is computed afresh."""

from __future__ import annotations

from collections import Counter

from proof.checks.verdict import Verdict
from proof.snapshot import Snapshot


def _fresh(snapshot: Snapshot, name: str, number: str, says: str) -> Verdict:
    verdict = Verdict(says, checked=int(snapshot.rebuilt[number][0]))
    verdict.violations = list(snapshot.rebuilt[name])
    return verdict


def sight(snapshot: Snapshot) -> Verdict:
    """Who sees whom."""
    return _fresh(
        snapshot, "sight", "sight of", "who sees whom equals what assignments, friendships and merges say"
    )


def cards(snapshot: Snapshot) -> Verdict:
    """Cards."""
    return _fresh(snapshot, "cards", "cards of", "customer cards equal a fresh rebuild")


def scores(snapshot: Snapshot) -> Verdict:
    """Stages and scores."""
    return _fresh(snapshot, "scores", "cards of", "scores and stages equal a fresh rebuild")


def segments(snapshot: Snapshot) -> Verdict:
    """Members and next flips."""
    return _fresh(snapshot, "segments", "segments of", "segment members and next flips equal a fresh rebuild")


def metrics(snapshot: Snapshot) -> Verdict:
    """Each friend gained or lost counts once in the day's numbers."""
    verdict = Verdict("the day's numbers count each fact once")
    counted = Counter((row["kind"], row["fact_id"]) for row in snapshot["insights_metrics_entry"])
    by_fact = Counter(row["fact_id"] for row in snapshot["insights_metrics_entry"])
    for key, number in counted.items():
        verdict.expect(number == 1, f"{key}: {number} entries")
    for name in ("contact.added", "contact.ended", "task.created"):
        for fact in snapshot.facts(name, "live"):
            # A friend is lost when the customer goes, not when a clerk tidies up.
            counts = name != "contact.ended" or fact["payload"]["ended_by"] == "customer"
            verdict.expect(
                (by_fact[fact["id"]] >= 1) == counts, f"{name} {fact['id']}: {by_fact[fact['id']]} entries"
            )
    return verdict
