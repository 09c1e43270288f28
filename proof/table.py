"""The table of a check: invariant, looked at how many, violations."""

from __future__ import annotations

from collections.abc import Sequence

from proof.checks.verdict import Verdict

SHOWN = 8


def show(verdicts: Sequence[Verdict]) -> None:
    """Print it, wrong ones with their first violations."""
    print(f"\n  {'invariant':<20}{'checked':>9}{'violations':>12}   what it says")
    for verdict in verdicts:
        mark = "✓" if verdict.holds else "✗"
        note = f" ({'; '.join(verdict.notes)})" if verdict.notes else ""
        print(
            f"{mark} {verdict.name:<20}{verdict.checked:>9}{len(verdict.violations):>12}   {verdict.says}{note}"
        )
        for line in verdict.violations[:SHOWN]:
            print(f"      {line}")
        if len(verdict.violations) > SHOWN:
            print(f"      … and {len(verdict.violations) - SHOWN} more")
    wrong = [verdict.name for verdict in verdicts if not verdict.holds]
    print("\nAll invariants hold." if not wrong else f"\nBroken or nothing to look at: {', '.join(wrong)}")
