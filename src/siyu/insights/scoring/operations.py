"""Scoring: nightly thresholds, and the stage and scores of touched or all customers.

Between two nights scores follow the thresholds of the last snapshot, so that the incremental state equals
a full scoring by the same thresholds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.scoring import rules
from siyu.insights.scoring.contracts import ScoringReport, SnapshotView, StageChanged, Thresholds, Windows
from siyu.insights.scoring.models import Snapshot, StageFlip
from siyu.insights.scoring.queries import current_snapshot
from siyu.insights.scoring.stale import stale_ids
from siyu.kit import clock
from siyu.records.customers import api as customers

CHUNK = 2_000
FLIPS = "insights_scoring_stageflip"
SOURCE = "insights_scoring"
_READS = frozenset({"orders", "first_order_at", "last_order_at", "net_total"})
Told = Callable[[int], None]
Now = Callable[[], datetime]


@dataclass(frozen=True)
class _Scored:
    """One customer before and after scoring."""

    before: cards.CardScores
    after: cards.CardScores
    flips_at: datetime | None


def on_touch(touch: cards.Touch, *, at: datetime) -> Mapping[int, frozenset[str]]:
    """The listener of insights/cards: score again whose orders changed."""
    _drop_flips(sorted(touch.removed))
    stale = sorted(k for k, changed in touch.changed.items() if changed & _READS)
    return _score(stale, at=at, touch=touch)


def take_snapshot(*, at: datetime, told: Told = lambda _done: None, now: Now | None = None) -> SnapshotView:
    """Compute the quintile thresholds over all buyers now and score everybody by them.

    With fewer buyers than the setting rfm.minimum_buyers nobody is scored. Whoever moves because the
    yardstick moved does so quietly: the facts carry origin BACKFILL and nobody acts on them.

    Called outside of a transaction it commits in parts, like ``rescore``; cut off, it is simply taken again.
    """
    buyers, recency, frequency, monetary = foundation.fetch(
        f"""SELECT count(*),
              percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY last_order_at),
              percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY orders),
              percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY net_total)
            FROM {cards.RELATION} WHERE orders > 0"""
    )[0]
    thresholds = None
    if buyers >= foundation.get_setting("rfm.minimum_buyers", at=at):
        thresholds = {
            "recency": [moment.isoformat() for moment in recency],
            "frequency": frequency,
            "monetary": monetary,
        }
    with foundation.transaction():
        # Whoever scores by the thresholds before these has committed when this lock is had.
        cards.hold_insights()
        Snapshot.objects.create(taken_at=at, buyers=buyers, thresholds=thresholds)
    rescore(at=at, told=told, now=now)
    view = current_snapshot()
    assert view is not None
    return view


def watch(*, at: datetime, told: Told = lambda _done: None, now: Now | None = None) -> bool:
    """Take a snapshot before the night when the yardstick no longer fits; returns whether one was taken.

    That is: enough buyers and nobody scored yet, or a fifth more buyers than the thresholds were taken over,
    as after an import.
    """
    buyers = int(foundation.fetch(f"SELECT count(*) FROM {cards.RELATION} WHERE orders > 0")[0][0])
    last = current_snapshot()
    if last is None or last.thresholds is None:
        outgrown = buyers >= int(foundation.get_setting("rfm.minimum_buyers", at=at))
    else:
        outgrown = buyers * 5 > last.buyers * 6
    if outgrown:
        take_snapshot(at=at, told=told, now=now)
    return outgrown


def rescore(*, at: datetime, told: Told = lambda _done: None, now: Now | None = None) -> ScoringReport:
    """Score again whoever is not scored by the thresholds in force and the windows set now.

    One pass finds them; they are written a chunk at a time, each chunk in a transaction of its own where the
    caller has none, so that cards, segments and what hangs on them wait for a chunk and not for everybody.
    ``told`` hears how many were looked into. Each chunk is judged as of ``now`` (default: all as of ``at``):
    time goes on meanwhile, and what it has done to somebody must not be taken back.
    """
    started = clock.wall_now()
    total = int(foundation.fetch(f"SELECT count(*) FROM {cards.RELATION}")[0][0])
    snapshot = current_snapshot()
    stale = stale_ids(snapshot.thresholds if snapshot else None, windows(at=at), FLIPS, at=at, size=CHUNK)
    changed = done = 0
    for chunk in stale:
        with foundation.transaction():
            cards.hold_insights()
            moment = now() if now is not None else at
            moved = _score(chunk, at=moment, touch=cards.Touch(tuple(chunk), {}, frozenset(), {}, quiet=True))
            if moved:
                cards.notify(cards.Touch(tuple(sorted(moved)), moved, frozenset(), {}, quiet=True), at=moment)
        changed, done = changed + len(moved), done + len(chunk)
        told(done)
    return ScoringReport(total, changed, (clock.wall_now() - started).total_seconds())


def run_flips(at: datetime, limit: int = 1_000) -> int:
    """Give those their new stage whom time has moved, one batch in one transaction; returns how many were due."""
    with foundation.transaction():
        cards.hold_insights()
        ids = sorted(row.customer_id for row in foundation.claim_due(StageFlip, at=at, limit=limit))
        if not ids:
            return 0
        _drop_flips(ids)
        moved = _score(ids, at=at, touch=cards.Touch(tuple(ids), {}, frozenset(), {}))
        cards.notify(cards.Touch(tuple(sorted(moved)), moved, frozenset(), {}), at=at)
    return len(ids)


def windows(*, at: datetime) -> Windows:
    """The stage windows in force; the shipped ones where what was set is not increasing."""
    found = Windows(
        *(
            foundation.get_setting(f"stage.{name}_days", at=at)
            for name in ("new", "active", "at_risk", "dormant")
        )
    )
    return found if rules.is_increasing(found) else Windows()


def _score(ids: Sequence[int], *, at: datetime, touch: cards.Touch) -> dict[int, frozenset[str]]:
    """Score these customers; returns which of stage, r, f, m changed for whom."""
    if not ids:
        return {}
    snapshot = current_snapshot()
    scored = _compute(ids, snapshot.thresholds if snapshot else None, windows(at=at), at)
    cards.write_scores([s.after for s in scored if s.before != s.after])
    _keep_flips(scored)
    _record([s for s in scored if s.before.stage != s.after.stage], touch, at)
    moved = {}
    for s in scored:
        names = frozenset(n for n in ("stage", "r", "f", "m") if getattr(s.before, n) != getattr(s.after, n))
        if names:
            moved[s.after.customer_id] = names
    return moved


def _compute(
    ids: Sequence[int], thresholds: Thresholds | None, spans: Windows, at: datetime
) -> list[_Scored]:
    rows = foundation.fetch(
        f"SELECT customer_id, orders, first_order_at, last_order_at, net_total, stage, stage_since, r, f, m"
        f" FROM {cards.RELATION} WHERE customer_id = ANY(%s) ORDER BY customer_id",
        [list(ids)],
    )
    scored = []
    for customer_id, orders, first, last, net, stage, since, r, f, m in rows:
        standing = rules.stage_of(orders, first, last, at=at, windows=spans)
        marks: tuple[int | None, int | None, int | None] = (None, None, None)
        if thresholds is not None and orders and last is not None:
            marks = (
                rules.quintile(last, thresholds.recency),
                rules.quintile(orders, thresholds.frequency),
                rules.quintile(net, thresholds.monetary),
            )
        scored.append(
            _Scored(
                cards.CardScores(customer_id, stage, since, r, f, m),
                cards.CardScores(customer_id, standing.stage.value, standing.since, *marks),
                standing.flips_at,
            )
        )
    return scored


def _record(moved: Sequence[_Scored], touch: cards.Touch, at: datetime) -> None:
    """Record stage.changed; starting as a prospect is no change worth a fact."""
    told = [s for s in moved if s.before.stage or s.after.stage != "prospect"]
    if not told:
        return
    people = [s.after.customer_id for s in told]
    anchors = customers.anchors_of(people)
    causes = cards.find_causes(touch, people, cards.facts_moving(["stage"]))
    new = []
    for s in told:
        who = s.after.customer_id
        since = min(s.after.stage_since or at, at)
        new.append(
            facts.NewFact(
                name="stage.changed",
                payload=StageChanged(s.before.stage, s.after.stage),
                occurred_at=since,
                subject_id=anchors.get(who),
                source=SOURCE,
                external_id=f"stage:{who}:{s.before.stage}:{s.after.stage}:{since.isoformat()}",
                origin=facts.Origin.BACKFILL if touch.quiet else None,
                cause=causes.get(who),
            )
        )
    facts.record(new, at=at)


def _keep_flips(scored: Sequence[_Scored]) -> None:
    _drop_flips([s.after.customer_id for s in scored if s.flips_at is None])
    due = [(s.after.customer_id, s.flips_at) for s in scored if s.flips_at is not None]
    if due:
        foundation.execute(
            f"""INSERT INTO {FLIPS} AS f (customer_id, due_at, state, attempts)
                SELECT *, 'waiting', 0 FROM unnest(%s::bigint[], %s::timestamptz[])
                ON CONFLICT (customer_id) DO UPDATE SET due_at = excluded.due_at WHERE f.due_at <> excluded.due_at""",
            [foundation.array(who for who, _at in due), foundation.array(moment for _who, moment in due)],
        )


def _drop_flips(ids: Sequence[int]) -> None:
    if ids:
        foundation.execute(f"DELETE FROM {FLIPS} WHERE customer_id = ANY(%s)", [list(ids)])
