"""The invariants: each a pure function over a snapshot, answering what it looked at and what is wrong."""

from __future__ import annotations

from collections.abc import Callable

from proof.checks import console, derived, forgotten, inbox, journeys, ledger, messages, office, upkeep
from proof.checks.verdict import Verdict
from proof.snapshot import Snapshot

Check = Callable[[Snapshot], Verdict]

CHECKS: dict[str, Check] = {
    "inbox.once": inbox.once,
    "facts.keys": inbox.keys,
    "facts.friends": inbox.friends,
    "facts.losses": inbox.losses,
    "facts.orders": inbox.orders,
    "facts.healed": inbox.healed,
    "messages.once": messages.once,
    "messages.true": messages.true,
    "messages.missing": messages.missing,
    "messages.settled": messages.settled,
    "journeys.entered": journeys.entered,
    "journeys.steps": journeys.steps,
    "journeys.effects": journeys.effects,
    "journeys.holdout": journeys.holdout,
    "journeys.versions": console.versions,
    "ledger.zero": ledger.zero,
    "ledger.keys": ledger.keys,
    "ledger.balances": ledger.balances,
    "ledger.oracle": ledger.oracle,
    "sight.fresh": derived.sight,
    "cards.fresh": derived.cards,
    "scores.fresh": derived.scores,
    "segments.fresh": derived.segments,
    "metrics.facts": derived.metrics,
    "work.jobs": upkeep.jobs,
    "work.leases": upkeep.leases,
    "work.timers": upkeep.timers,
    "facts.delivered": upkeep.delivered,
    "references.kept": upkeep.references,
    "audit.complete": upkeep.audit,
    "office.imports": office.imports,
    "office.acts": office.acts,
    "office.erased": office.erased,
    "office.forgotten": forgotten.forgotten,
    "office.merges": console.merges,
    "office.settings": console.settings,
    "office.segments": console.segments,
}


def check_all(snapshot: Snapshot) -> list[Verdict]:
    """Every invariant, in order."""
    verdicts = []
    for name, check in CHECKS.items():
        verdict = check(snapshot)
        verdict.name = name
        verdicts.append(verdict)
    return verdicts


__all__ = ["CHECKS", "Check", "Verdict", "check_all"]
