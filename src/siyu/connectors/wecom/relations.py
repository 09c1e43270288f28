"""What WeCom says of members and customers, taken over into the records.

News come from callbacks (late, doubled, out of order) and from pulls. Each piece of news carries
WeCom's own time; the newest one decides, at equal times an end wins over a beginning (an invented
friend would be written to; a missing one is found again by the next pull).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from siyu.connectors.wecom.models import Connection, Relation, WelcomeCode
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

CODE_PURPOSE = "wecom.welcome"
WELCOME_SECONDS = timedelta(seconds=20)
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
SAME_FRIENDSHIP = timedelta(seconds=60)
"""A pull and a callback may differ by this much on when one friendship began."""


ERASED = "erased"
"""`ended_by` of a relation whose person was erased: only a new friendship brings them back."""


class What(StrEnum):
    """Kinds of news."""

    ADD = "add"
    HALF = "half"  # the customer added the member, who has not accepted yet
    END = "end"
    EDIT = "edit"


@dataclass(frozen=True, slots=True)
class News:
    """One thing WeCom said."""

    what: What
    userid: str
    external_userid: str
    at: datetime
    state: str = ""
    add_way: int = 0
    welcome_code: str = ""
    ended_by: customers.EndedBy = customers.EndedBy.CUSTOMER


Pair = tuple[str, str]


def source_of(connection: Connection) -> str:
    """How facts name this company as their source."""
    return f"wecom:{connection.corpid}"


def welcome_ref(connection_id: int, userid: str, external_userid: str, at: datetime) -> str:
    """The name of a welcome code: the same for every copy of the callback that brought it."""
    text = f"{connection_id}\0{userid}\0{external_userid}\0{int(at.timestamp())}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def apply_news(
    connection: Connection,
    news: Sequence[News],
    *,
    at: datetime,
    source: str,
    origin: facts.Origin | None = None,
    details: bool = True,
) -> None:
    """Take over a batch of news, in one transaction of the caller.

    Repeating it, or giving the same news in another order, ends in the same records and facts.
    `details=False` where the caller has the customers' details already.
    """
    if not news:
        return
    foundation.advisory_lock("wecom.relations", connection.pk)
    ordered = sorted(news, key=lambda item: (item.at, item.what is What.END))
    rows = _rows(connection, {(item.userid, item.external_userid) for item in ordered})
    ordered = [item for item in ordered if _concerns(item, rows.get((item.userid, item.external_userid)))]
    subjects = _subjects(connection, _unidentified(ordered, rows), at, source, origin)
    members = staff.employees_by_userid(
        {item.userid for item in ordered}, at=at, source=source_of(connection)
    )
    _keep_codes(connection, ordered)
    begun: list[customers.ContactSpec] = []
    ended: list[customers.ContactEndSpec] = []
    for item in ordered:
        pair = (item.userid, item.external_userid)
        member = members.get(item.userid)
        row = rows.get(pair)
        if row is None:
            row = rows[pair] = Relation(
                connection_id=connection.pk, userid=item.userid, external_userid=item.external_userid,
                subject_id=subjects[item.external_userid], open=False, changed_at=_BEFORE_ALL,
            )  # fmt: skip
        row.subject_id = subjects.get(item.external_userid, row.subject_id)
        row.employee_id = member.id if member else row.employee_id
        _one(connection, row, item, begun, ended)
    _save(rows.values())
    # Ends first: a beginning that is told while an older friendship still looks open would be taken
    # for the same friendship, and its welcome code would be lost.
    if ended:
        customers.end_contact(ended, at=at, source=source, origin=origin)
    if begun:
        customers.add_contact(begun, at=at, source=source, origin=origin)
    if details:
        wanted = [row.external_userid for row in rows.values() if row.open or row.half]
        want_details(connection.pk, wanted, at=at)
    if any(row.open and row.employee_id is None for row in rows.values()):
        foundation.enqueue(
            "wecom.directory", {"connection": connection.pk}, due_at=at, key=f"unknown:{connection.pk}"
        )


def _concerns(item: News, row: Relation | None) -> bool:
    """Whether it says anything: not an edit of what we do not know, nor a beginning that was erased since."""
    if item.what is What.EDIT:
        return row is not None
    begins = item.what in {What.ADD, What.HALF}
    return not (begins and row is not None and row.ended_by == ERASED and item.at <= row.changed_at)


def _unidentified(news: Sequence[News], rows: Mapping[Pair, Relation]) -> set[str]:
    """Customers to look up or make: not for the end of a relation we know, whose person may be erased."""
    return {
        item.external_userid
        for item in news
        if item.what in {What.ADD, What.HALF}
        or (item.what is What.END and (item.userid, item.external_userid) not in rows)
    }


def _one(
    connection: Connection,
    row: Relation,
    item: News,
    begun: list[customers.ContactSpec],
    ended: list[customers.ContactEndSpec],
) -> None:
    """Let one piece of news change the row, and collect what the records must hear."""
    newer = item.at > row.changed_at or (
        item.at == row.changed_at and (item.what is What.END or not row.ended_by)
    )
    if item.what is What.HALF:
        if newer and not row.open:
            row.half, row.state, row.changed_at = True, item.state or row.state, item.at
    elif item.what is What.ADD:
        known = row.since is not None and abs(row.since - item.at) <= SAME_FRIENDSHIP
        if known and row.open:
            row.state, row.add_way = item.state or row.state, item.add_way or row.add_way
            return
        state = item.state or (row.state if row.half else "")  # a half-add may have told it before
        late_end = row.changed_at if (not newer and not row.open and row.ended_by) else None
        if row.open and row.since is not None and row.employee_id is not None:
            # Friends cannot become friends: the end in between was lost or is late. A pull could not
            # tell, since WeCom goes on listing a member whom the customer has deleted.
            between = max(row.since, item.at) - timedelta(seconds=1)
            ended.append(_ended(connection, row, between, customers.EndedBy.CUSTOMER))
        if newer:
            row.open, row.half, row.since, row.ended_by = True, False, item.at, ""
            row.state, row.add_way, row.changed_at = state, item.add_way, item.at
        if row.employee_id is not None:
            begun.append(_begun(connection, row, item, state))
            if late_end is not None:
                ended.append(_ended(connection, row, late_end, _who_ended(row)))
    elif item.what is What.END:
        if newer:
            row.open, row.half, row.changed_at = False, False, item.at
            row.ended_by = row.ended_by if row.ended_by == ERASED else item.ended_by
        if row.employee_id is not None:
            ended.append(_ended(connection, row, item.at, item.ended_by))


def _who_ended(row: Relation) -> customers.EndedBy:
    """Who ended the relation; an erasure counts as our own doing."""
    return customers.EndedBy.EMPLOYEE if row.ended_by == ERASED else customers.EndedBy(row.ended_by)


def _begun(connection: Connection, row: Relation, item: News, state: str) -> customers.ContactSpec:
    ref = welcome_ref(connection.pk, row.userid, row.external_userid, item.at)
    assert row.employee_id is not None
    return customers.ContactSpec(
        subject_id=row.subject_id,
        employee_id=row.employee_id,
        connection=connection.key,
        since=item.at,
        state=state,
        add_way=str(item.add_way) if item.add_way else "",
        welcome_ref=ref if item.welcome_code else None,
    )


def _ended(
    connection: Connection, row: Relation, at: datetime, by: customers.EndedBy
) -> customers.ContactEndSpec:
    assert row.employee_id is not None
    return customers.ContactEndSpec(
        subject_id=row.subject_id,
        employee_id=row.employee_id,
        connection=connection.key,
        ended_at=at,
        ended_by=by,
    )


def _subjects(
    connection: Connection,
    external_userids: set[str],
    at: datetime,
    source: str,
    origin: facts.Origin | None,
) -> dict[str, int]:
    wanted = sorted(external_userids)
    refs = [
        customers.IdentityRef(customers.IdentityKind.EXTERNAL_USERID, value, connection.corpid)
        for value in wanted
    ]
    found = customers.identify(refs, at=at, source=source, origin=origin)
    return {value: who.subject_id for value, who in zip(wanted, found, strict=True)}


def _rows(connection: Connection, pairs: set[Pair]) -> dict[Pair, Relation]:
    rows = Relation.objects.filter(
        connection_id=connection.pk,
        userid__in={userid for userid, _ in pairs},
        external_userid__in={external for _, external in pairs},
    )
    return {
        (row.userid, row.external_userid): row for row in rows if (row.userid, row.external_userid) in pairs
    }


_COLUMNS = {
    "connection_id": "bigint",
    "userid": "text",
    "external_userid": "text",
    "subject_id": "bigint",
    "employee_id": "bigint",
    "open": "boolean",
    "half": "boolean",
    "state": "text",
    "add_way": "int",
    "since": "timestamptz",
    "changed_at": "timestamptz",
    "ended_by": "text",
}
_WRITE = f"""
INSERT INTO connectors_wecom_relation ({", ".join(_COLUMNS)})
SELECT * FROM unnest({", ".join(f"%s::{kind}[]" for kind in _COLUMNS.values())})
ON CONFLICT (connection_id, userid, external_userid) DO UPDATE
SET {", ".join(f"{name} = EXCLUDED.{name}" for name in list(_COLUMNS)[3:])}
"""


def _save(rows: Iterable[Relation]) -> None:
    """Write all rows in one statement; the advisory lock of the caller keeps others out meanwhile."""
    told = [row for row in rows if row.changed_at != _BEFORE_ALL]
    if told:
        columns = [foundation.array(getattr(row, name) for row in told) for name in _COLUMNS]
        foundation.execute(_WRITE, columns)


def _keep_codes(connection: Connection, news: Sequence[News]) -> None:
    """Keep welcome codes sealed under their refs; a second copy changes nothing."""
    WelcomeCode.objects.bulk_create(
        [
            WelcomeCode(
                ref=welcome_ref(connection.pk, item.userid, item.external_userid, item.at),
                connection_id=connection.pk,
                code=foundation.seal(item.welcome_code, CODE_PURPOSE),
                expires_at=item.at + WELCOME_SECONDS,
            )
            for item in news
            if item.welcome_code and item.what is What.ADD
        ],
        ignore_conflicts=True,
    )


def want_details(connection_id: int, external_userids: Iterable[str], *, at: datetime) -> None:
    """Ask for the details of customers; one wanted already is wanted anew, also while being fetched."""
    wanted = sorted(set(external_userids))
    if wanted:
        foundation.execute(
            """INSERT INTO connectors_wecom_detailwanted
                 (connection_id, external_userid, state, due_at, attempts, last_error)
               SELECT %s, wanted, 'waiting', %s, 0, '' FROM unnest(%s::text[]) AS wanted ORDER BY wanted
               ON CONFLICT (connection_id, external_userid) DO UPDATE
                 SET due_at = LEAST(EXCLUDED.due_at, connectors_wecom_detailwanted.due_at),
                     lease_token = NULL, lease_until = NULL, run_after = NULL""",
            [connection_id, at, wanted],
        )


def place_unknown(connection: Connection, *, at: datetime) -> int:
    """Tell the records of friendships whose member the directory did not know before; returns how many."""
    foundation.advisory_lock("wecom.relations", connection.pk)
    rows = list(Relation.objects.filter(connection_id=connection.pk, employee_id=None).order_by("id"))
    members = staff.employees_by_userid({row.userid for row in rows}, at=at, source=source_of(connection))
    begun: list[customers.ContactSpec] = []
    refs = _codes_of(connection, rows)
    for row in rows:
        member = members.get(row.userid)
        if member is None:
            continue
        row.employee_id = member.id
        if row.open and row.since is not None:
            item = News(What.ADD, row.userid, row.external_userid, row.since, row.state, row.add_way,
                        refs.get((row.userid, row.external_userid), ""))  # fmt: skip
            begun.append(_begun(connection, row, item, row.state))
    _save([row for row in rows if row.employee_id is not None])
    old = [spec for spec in begun if spec.since < connection.connected_at]
    new = [spec for spec in begun if spec.since >= connection.connected_at]
    for specs, origin in ((old, facts.Origin.BACKFILL), (new, None)):
        if specs:
            customers.add_contact(specs, at=at, source=source_of(connection), origin=origin)
    return len(begun)


def _codes_of(connection: Connection, rows: Sequence[Relation]) -> Mapping[Pair, str]:
    refs = {
        welcome_ref(connection.pk, row.userid, row.external_userid, row.since): (
            row.userid,
            row.external_userid,
        )
        for row in rows
        if row.since is not None
    }
    kept = WelcomeCode.objects.filter(ref__in=refs).values_list("ref", flat=True)
    return {refs[ref]: ref for ref in kept}
