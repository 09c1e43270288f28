"""Late identification: several identities are proven to be one person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers import rules
from siyu.records.customers.contracts import IdentityKind, IdentityRef, LinkResult
from siyu.records.customers.operations.cases import open_cases, refused_pairs
from siyu.records.customers.operations.identities import Known, find_or_insert, keys_of
from siyu.records.customers.operations.locks import lock_roots, lock_subjects
from siyu.records.customers.operations.mapping import attach_subjects, create_customers, note_phones
from siyu.records.customers.operations.merge import add_merges
from siyu.records.customers.operations.weak import note_weak, weak_neighbours

Mark = tuple[IdentityKind, str, bytes]


@dataclass
class _Group:
    """One claim: these subjects (``keys``) are one person; ``subjects`` adds what weak links join to them."""

    number: int
    keys: dict[int, rules.Key]
    subjects: set[int] = field(default_factory=set)
    homes: dict[int, set[int]] = field(default_factory=dict)  # customer in force → homes of the claim
    free: set[int] = field(default_factory=set)


@dataclass
class _Plan:
    """What a round does, collected so that it is written set-based."""

    create: dict[rules.Key, int] = field(default_factory=dict)
    attach: list[tuple[int, IdentityKind, int, int]] = field(default_factory=list)
    attach_to_new: list[tuple[int, IdentityKind, int]] = field(default_factory=list)
    weak: list[set[int]] = field(default_factory=list)
    merges: list[tuple[int, int, int]] = field(default_factory=list)  # claim, kept, merged
    cases: list[tuple[int, int | rules.Key, int | rules.Key, str]] = field(default_factory=list)
    phones: dict[int, str] = field(default_factory=dict)


def link(
    groups: Sequence[Sequence[IdentityRef]],
    *,
    at: datetime,
    source: str,
    origin: facts.Origin | None = None,
) -> list[LinkResult]:
    """Take each group of references as proven to be one person; answers in the order of the groups.

    Unknown identities join the customer that is known. Two customers are merged (the older stays)
    unless something speaks against it: two values of a kind of which a person has one (two phones for
    one WeChat id), or a merge of the two that somebody undid or dismissed. Then a merge case is opened
    for a person to decide, and nothing is merged or attached by that claim. Repeating a claim changes
    nothing. Raises BadInput("identity.invalid") as ``identify`` does.
    """
    keyed = [keys_of(refs) for refs in groups]
    found, fresh = find_or_insert([key for keys in keyed for key in keys], at=at, source=source)
    claims = [
        _Group(number, {found[key].subject_id: key for key in keys}) for number, keys in enumerate(keyed)
    ]
    # Most claims repeat what is known: everybody in them is one customer already.
    todo = [group for group in claims if not _known(keyed[group.number], found)]
    cases: dict[int, int] = {}
    merged: dict[int, list[int]] = {}
    # A subject made just now is known to nobody else; one that was there may be getting a friend meanwhile.
    unknown = set(fresh.values())
    for batch in _rounds(todo):
        lock_subjects({subject for group in batch for subject in group.free} - unknown)
        _run_round(batch, cases, merged, at=at, origin=origin, source=source)
    places = {known.subject_id: known.customer_id for known in found.values()}
    places.update({subject: root for subject, (_home, root) in _places(places if todo else ()).items()})
    return [
        LinkResult(
            customer_id=min((root for s in group.keys if (root := places[s]) is not None), default=None),
            subject_ids=tuple(sorted(group.keys)),
            merged_ids=tuple(merged.get(group.number, ())),
            case_id=cases.get(group.number),
        )
        for group in claims
    ]


def _known(keys: Sequence[rules.Key], found: Mapping[rules.Key, Known]) -> bool:
    customers = {found[key].customer_id for key in keys}
    return len(customers) == 1 and None not in customers


def _rounds(groups: Iterable[_Group]) -> Iterable[list[_Group]]:
    """Split into rounds in which no two groups touch one person, keeping the order of claims."""
    todo = list(groups)
    while todo:
        now: list[_Group] = []
        later: list[_Group] = []
        seen: set[tuple[str, int]] = set()
        neighbours = weak_neighbours({subject for group in todo for subject in group.keys})
        for group in todo:
            group.subjects = set(group.keys).union(*(neighbours.get(s, ()) for s in group.keys))
        places = _places({subject for group in todo for subject in group.subjects})
        for group in todo:
            group.free = group.subjects - places.keys()
            touched = {("subject", subject) for subject in group.subjects} | {
                ("customer", places[subject][1]) for subject in group.subjects if subject in places
            }
            (later if touched & seen else now).append(group)
            seen |= touched
        yield now
        todo = later


def _places(subjects: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Subject → (home, customer in force) of the mapped ones."""
    rows = foundation.fetch(
        "SELECT subject_id, home_id, customer_id FROM records_customers_subjectmap"
        " WHERE subject_id = ANY(%s) AND valid_to IS NULL",
        [sorted(subjects)],
    )
    return {subject: (home, customer) for subject, home, customer in rows}


def _run_round(
    batch: list[_Group],
    cases: dict[int, int],
    merged: dict[int, list[int]],
    *,
    at: datetime,
    origin: facts.Origin | None,
    source: str,
) -> None:
    places = _places({subject for group in batch for subject in group.subjects})
    batch = [group for group in batch if not _settled(group, places)]
    if not batch:
        return
    lock_roots({places[s][1] for group in batch for s in group.subjects if s in places})
    places = _places({subject for group in batch for subject in group.subjects})
    for group in batch:
        for subject in group.subjects & places.keys():
            home, root = places[subject]
            group.homes.setdefault(root, set()).add(home)
        group.free = group.subjects - places.keys()
    marks = _marks({home for group in batch for homes in group.homes.values() for home in homes})
    kinds = _kinds({subject for group in batch for subject in group.free})
    refused = refused_pairs({root for group in batch if len(group.homes) > 1 for root in group.homes})
    plan = _Plan()
    for group in batch:
        _plan_group(group, plan, places, marks, kinds, refused)
    _carry_out(plan, cases, merged, at=at, origin=origin, source=source)


def _settled(group: _Group, places: dict[int, tuple[int, int]]) -> bool:
    return all(s in places for s in group.subjects) and len({places[s][1] for s in group.subjects}) == 1


def _marks(homes: set[int]) -> dict[int, set[Mark]]:
    """The identities of each home and of those that rules (not people) joined to it, for comparison.

    What a person merged has two of everything and would speak against any later claim.
    """
    rows = foundation.fetch(
        """WITH RECURSIVE near AS (
               SELECT h AS start, h AS id FROM unnest(%s::bigint[]) AS h
               UNION
               SELECT n.start, x.id FROM near n CROSS JOIN LATERAL (
                   SELECT merged_id AS id FROM records_customers_merge
                   WHERE kept_id = n.id AND undone_at IS NULL AND by_rule
                   UNION ALL
                   SELECT kept_id FROM records_customers_merge
                   WHERE merged_id = n.id AND undone_at IS NULL AND by_rule) x)
           SELECT n.start, i.kind, i.realm, i.value_hash FROM near n
           JOIN records_customers_subjectmap m ON m.home_id = n.id AND m.valid_to IS NULL
           JOIN records_customers_identity i ON i.subject_id = m.subject_id""",
        [sorted(homes)],
    )
    marks: dict[int, set[Mark]] = {home: set() for home in homes}
    for home, kind, realm, value in rows:
        marks[home].add((IdentityKind(kind), realm, bytes(value)))
    return marks


def _kinds(subjects: set[int]) -> dict[int, Mark]:
    """The identity of each unmapped subject."""
    rows = foundation.fetch(
        "SELECT subject_id, kind, realm, value_hash FROM records_customers_identity WHERE subject_id = ANY(%s)",
        [sorted(subjects)],
    )
    return {subject: (IdentityKind(kind), realm, bytes(value)) for subject, kind, realm, value in rows}


def _plan_group(
    group: _Group,
    plan: _Plan,
    places: dict[int, tuple[int, int]],
    marks: dict[int, set[Mark]],
    kinds: dict[int, Mark],
    refused: dict[tuple[int, int], str],
) -> None:
    """Decide one claim: what it creates, attaches, merges, or hands to a person."""
    strong = sorted(s for s in group.free if kinds[s][0] in rules.STRONG)
    weak = sorted(group.free - set(strong))
    roots = sorted(group.homes, key=lambda root: min(group.homes[root]))
    pieces = [set[Mark]().union(*(marks[home] for home in group.homes[root])) for root in roots]
    against = _refused(roots, refused) or rules.conflict(pieces)
    if against:
        for other in roots[1:]:
            plan.cases.append((group.number, roots[0], other, against))
        for subject in strong:
            plan.create[group.keys[subject]] = subject
            plan.cases.append((group.number, roots[0], group.keys[subject], against))
        return
    if not roots and not strong:
        plan.weak.append(group.subjects)
        return
    known = set[Mark]().union(*pieces)
    base_new: int | None = None
    for subject in strong:
        key = group.keys[subject]
        problem = rules.conflict([known, {kinds[subject]}])
        if problem is None and (roots or base_new is not None):
            known.add(kinds[subject])
            _attach(group, plan, places, subject, key, base_new)
            continue
        plan.create[key] = subject
        if problem is not None:
            first = roots[0] if roots else group.keys[base_new] if base_new is not None else key
            plan.cases.append((group.number, first, key, problem))
        else:
            base_new = subject
            known.add(kinds[subject])
    for subject in weak:
        _attach(group, plan, places, subject, None, base_new, kinds[subject][0])
    # Merges join the homes that the claim is about, so that undoing another merge leaves them joined.
    ends = [min(group.homes[root]) for root in roots]
    plan.merges += [(group.number, ends[0], end) for end in ends[1:]]


def _refused(roots: list[int], refused: dict[tuple[int, int], str]) -> str | None:
    """Why somebody said that two of these customers are two people, if somebody did."""
    ordered = sorted(roots)
    for index, first in enumerate(ordered):
        for second in ordered[index + 1 :]:
            if (first, second) in refused:
                return refused[(first, second)]
    return None


def _attach(
    group: _Group,
    plan: _Plan,
    places: dict[int, tuple[int, int]],
    subject: int,
    key: rules.Key | None,
    base_new: int | None,
    kind: IdentityKind | None = None,
) -> None:
    found = key[0] if key is not None else kind
    assert found is not None
    if base_new is not None:
        plan.attach_to_new.append((subject, found, base_new))
        return
    # The oldest home of the claim: the same whatever the order in which claims and merges came in.
    home, root = min(places[s] for s in group.subjects if s in places)
    plan.attach.append((subject, found, home, root))
    if key is not None and found is IdentityKind.PHONE:
        plan.phones.setdefault(home, key[2])


def _carry_out(
    plan: _Plan,
    cases: dict[int, int],
    merged: dict[int, list[int]],
    *,
    at: datetime,
    origin: facts.Origin | None,
    source: str,
) -> None:
    made = create_customers(plan.create, at=at, origin=origin)
    plan.attach += [(s, kind, made[base], made[base]) for s, kind, base in plan.attach_to_new]
    attach_subjects(plan.attach, at=at, origin=origin)
    note_phones(plan.phones, at=at)
    note_weak(plan.weak, at=at)
    by_key = {key: made[subject] for key, subject in plan.create.items()}
    pairs = [
        (number, _resolve(first, by_key), _resolve(second, by_key), reason)
        for number, first, second, reason in plan.cases
    ]
    for (number, *_pair), case_id in zip(
        pairs, open_cases([pair[1:] for pair in pairs], at=at, claim=source), strict=True
    ):
        cases.setdefault(number, case_id)
    if plan.merges:
        pairs_to_merge = [(kept, other) for _number, kept, other in plan.merges]
        add_merges(pairs_to_merge, at=at, by=source, by_rule=True, reason="linked", origin=origin)
        for number, _kept, other in plan.merges:
            merged.setdefault(number, []).append(other)


def _resolve(who: int | rules.Key, made: dict[rules.Key, int]) -> int:
    return who if isinstance(who, int) else made[who]
