"""One run from an empty folder to a finished installation at rest."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import django

from proof.site import Site
from proof.waiting import NeverQuiet
from siyu.foundation.postgres import api as postgres


@dataclass(frozen=True)
class Size:
    """How much is played."""

    days: float
    seconds: float  # wall seconds of play at most
    rate: float = 1.0


REST = "rest"  # file with the business time at which the house was stopped
SIZES = {"tiny": Size(0.8, 40, 2.0), "ci": Size(1.5, 110, 2.0), "full": Size(14, 2400, 3.0)}


@dataclass
class Facts:
    """What a run came to, for the report."""

    seed: int
    size: str
    parts: dict[str, float] = field(default_factory=dict)
    kills: dict[str, int] = field(default_factory=dict)
    played: str = ""

    def line(self) -> str:
        """One line for people."""
        kills = ", ".join(f"{name} {number}" for name, number in sorted(self.kills.items()))
        parts = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in self.parts.items())
        return f"seed {self.seed}, size {self.size}: {self.played}; killed: {kills}; {parts}"


def empty(state: Path) -> None:
    """Throw an earlier run away."""
    if state.exists():
        postgres.remove(state)
        shutil.rmtree(state)


def perform(site: Site, size: Size, label: str, *, harsh: bool = False) -> Facts:
    """Start everything, play under faults and kills, let it settle, stop everything but the database."""
    told = Facts(site.seed, label)
    mark = _Marks(told)
    site.prepare_environment()
    site.start_database()
    site.start_twin()
    site.migrate()
    django.setup()
    # Only now: these import tables.
    from proof import chaos, jewellery, office, play, settle  # noqa: PLC0415
    from siyu.config.demo.twin_door import TwinDoor  # noqa: PLC0415

    twin = TwinDoor(site.twin_url)
    jewellery.prepare(twin)
    site.start_house()
    mark("start")
    jewellery.connect(twin, site.own_url)
    twin.post("population", {"rate": size.rate})
    mark("bring up")
    storm = chaos.Chaos(site, site.seed, chaos.Pace())
    console = office.Office(site.own_url, Random(f"office-{site.seed}"), office.known_phones(twin))
    played = play.play(
        twin, storm, console, days=size.days, seed=site.seed, seconds=size.seconds, harsh=harsh
    )
    told.played = played.line()
    mark("play")
    settle.calm(twin)
    console.finish(settle.hurry)
    console.keep(site.state)
    settle.settle(twin, site.revive_all)
    mark("settle")
    site.stop_house()
    _note_rest(site)
    site.stop_twin()
    told.kills = dict(site.killed)
    return told


def open_again(site: Site) -> None:
    """Look at a finished run again."""
    site.prepare_environment()
    site.start_database()
    django.setup()


def _note_rest(site: Site) -> None:
    """Business time goes on while nobody works; what is overdue is judged by when the house stopped."""
    from siyu.kit import clock  # noqa: PLC0415

    (site.state / REST).write_text(clock.business_now().isoformat())


def check(site: Site, broken: str | None = None) -> int:
    """Check every invariant and print the table; 0 only if all hold."""
    from proof import breaks, checks, look, table  # noqa: PLC0415

    if broken is None:
        verdicts = checks.check_all(look.take(site.state))
    elif broken == "all":
        return _all_breaks(site)
    elif broken in breaks.breaks():
        verdicts = checks.check_all(breaks.broken(broken, site.state))
    else:
        print("\n".join(f"{name}: {item.says}" for name, item in breaks.breaks().items()))
        return 2
    table.show(verdicts)
    return 0 if all(verdict.holds for verdict in verdicts) else 1


def _all_breaks(site: Site) -> int:
    """Break one thing after the other, a JSON line each: what had to be caught, and what was."""
    from proof import breaks, checks  # noqa: PLC0415

    wrong = 0
    for name, item in breaks.breaks().items():
        try:
            verdicts = checks.check_all(breaks.broken(name, site.state))
            found = {verdict.name for verdict in verdicts if verdict.violations}
            trouble = ""
        except LookupError as error:
            found, trouble = set(), str(error)
        good = item.caught <= found <= item.caught | item.also
        wrong += not good
        told = {
            "break": name, "good": good, "found": sorted(found), "caught": sorted(item.caught),
            "also": sorted(item.also), "trouble": trouble,
        }  # fmt: skip
        print(json.dumps(told), flush=True)
    return 1 if wrong else 0


def sabotaged(site: Site, size: Size, label: str) -> int:
    """Play a house that is wrong on purpose, with harsh faults; 0 only if each wrong was caught."""
    empty(site.state)
    try:
        print(perform(site, size, label, harsh=True).line())
    except NeverQuiet as trouble:
        print(f"never came to rest: {trouble}")
        site.stop_house()
        _note_rest(site)
        site.stop_twin()
    from proof import checks, look, table  # noqa: PLC0415
    from proof.sabotage.switches import SWITCHES  # noqa: PLC0415

    verdicts = checks.check_all(look.take(site.state))
    table.show(verdicts)
    found = {verdict.name for verdict in verdicts if verdict.violations}
    missed = 0
    for name in site.sabotage.split(","):
        caught = sorted(SWITCHES[name].caught & found)
        missed += not caught
        print(
            f"{name}: {SWITCHES[name].says}: {'caught by ' + ', '.join(caught) if caught else 'NOT CAUGHT'}"
        )
    return 1 if missed else 0


class _Marks:
    """Wall seconds by part."""

    def __init__(self, told: Facts) -> None:
        self._told, self._last = told, time.monotonic()

    def __call__(self, name: str) -> None:
        now = time.monotonic()
        self._told.parts[name], self._last = now - self._last, now
        print(f"  {name}: {self._told.parts[name]:.1f} s", flush=True)
