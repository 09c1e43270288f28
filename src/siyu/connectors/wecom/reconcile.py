"""Healing of lost callbacks: what WeCom lists is compared with what we know.

Only a complete and successful pull of a member may end friendships, never one that failed, and never
most of a member's friendships at once (a narrowed range looks just like that).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from siyu.connectors.wecom import connections
from siyu.connectors.wecom.client import Client
from siyu.connectors.wecom.contracts import Purpose
from siyu.connectors.wecom.models import Connection, Relation
from siyu.connectors.wecom.relations import News, What, apply_news, source_of
from siyu.connectors.wecom.words import PULL_EMPTY, PULL_SHRUNK
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import Permanent
from siyu.records.customers import api as customers

log = logging.getLogger("siyu.wecom")

MEMBERS_A_CALL = 100
PAGE = 100
UNDERWAY = timedelta(seconds=90)
"""Friendships this young are left to their callback, which brings the welcome code."""

NO_CUSTOMERS = 84061
OF_ONE_MEMBER = frozenset({40003, 40031, 60011, 60021, 60030, 60111, 84061, 84074, 84083, 84084, 701008})
"""Refusals that concern some member of the call, not the application as a whole."""

FEW = 20
"""Up to this many may vanish from one member at once; beyond, not more than half."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One friendship as the pull lists it."""

    userid: str
    external_userid: str
    since: datetime
    state: str
    add_way: int


@dataclass(slots=True)
class Pulled:
    """The outcome of one pull: friendships, and the members whose list is complete."""

    friends: list[Listed]
    complete: set[str]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What one reconciliation did."""

    members: int
    friends: int
    found: int
    ended: int
    skipped: int


def _listed(item: Mapping[str, Any]) -> Listed:
    contact, info = item.get("external_contact") or {}, item.get("follow_info") or {}
    return Listed(
        userid=str(info.get("userid", "")),
        external_userid=str(contact.get("external_userid", "")),
        since=datetime.fromtimestamp(int(info.get("createtime") or 0), UTC),
        state=str(info.get("state") or ""),
        add_way=int(info.get("add_way") or 0),
    )


def pull_members(client: Client, userids: Sequence[str]) -> Pulled:
    """Friendships of these members. A refused group is halved until the refused member stands alone.

    84061 for a single member means "no customers"; any other refusal leaves that member incomplete.
    Passing errors (RetryLater) end the pull: nothing may be concluded then.
    """
    body = {"userid_list": list(userids), "limit": PAGE}
    try:
        friends = [
            _listed(item)
            for page in client.pages("externalcontact/batch/get_by_user", body)
            for item in page.get("external_contact_list") or ()
        ]
    except Permanent as error:
        if error.params.get("errcode") not in OF_ONE_MEMBER:
            raise
        if len(userids) == 1:
            complete = {userids[0]} if error.params.get("errcode") == NO_CUSTOMERS else set()
            return Pulled([], complete)
        middle = len(userids) // 2
        first, second = pull_members(client, userids[:middle]), pull_members(client, userids[middle:])
        return Pulled(first.friends + second.friends, first.complete | second.complete)
    return Pulled([item for item in friends if item.userid and item.external_userid], set(userids))


def reconcile(connection: Connection, *, at: datetime) -> Reconciled:
    """Compare all members' customers with WeCom, a hundred members at a time. Raises as any call."""
    client = connections.client_for(connection, Purpose.CONTACT)
    members = [
        str(item) for item in client.get("externalcontact/get_follow_user_list").get("follow_user") or ()
    ]
    known = set(
        Relation.objects.filter(connection_id=connection.pk, open=True).values_list("userid", flat=True)
    )
    if not members and known:
        raise Permanent("wecom.nobody", PULL_EMPTY, setup=True)
    friends = found = ended = skipped = 0
    for start in range(0, len(members), MEMBERS_A_CALL):
        pulled = pull_members(client, members[start : start + MEMBERS_A_CALL])
        with foundation.transaction():
            more_found, more_ended, more_skipped = take_over(connection, pulled, at=at)
        friends += len(pulled.friends)
        found, ended, skipped = found + more_found, ended + more_ended, skipped + more_skipped
    Connection.objects.filter(pk=connection.pk).update(reconciled_at=at)
    if not skipped:
        connections.note_ok(connection)
    return Reconciled(len(members), friends, found, ended, skipped)


def take_over(connection: Connection, pulled: Pulled, *, at: datetime) -> tuple[int, int, int]:
    """Record friendships found and vanished; returns (found, ended, members skipped)."""
    foundation.advisory_lock("wecom.relations", connection.pk)
    rows = {
        (row.userid, row.external_userid): row
        for row in Relation.objects.filter(
            connection_id=connection.pk,
            userid__in={*pulled.complete, *(item.userid for item in pulled.friends)},
        )
    }
    found = [
        item for item in pulled.friends if _is_news(rows.get((item.userid, item.external_userid)), item, at)
    ]
    source = source_of(connection) + ":poll"
    old = [_add(item) for item in found if item.since < connection.connected_at]
    new = [_add(item) for item in found if item.since >= connection.connected_at]
    apply_news(connection, old, at=at, source=source, origin=facts.Origin.BACKFILL)
    apply_news(connection, new, at=at, source=source)
    listed = {(item.userid, item.external_userid) for item in pulled.friends}
    gone = [
        row
        for pair, row in rows.items()
        if row.open
        and row.userid in pulled.complete
        and pair not in listed
        and row.changed_at <= at - UNDERWAY
    ]
    ending, skipped = _not_suspicious(connection, gone, rows.values())
    apply_news(
        connection,
        [
            News(What.END, row.userid, row.external_userid, at, ended_by=customers.EndedBy.EMPLOYEE)
            for row in ending
        ],
        at=at,
        source=source,
    )
    return len(found), len(ending), skipped


def _is_news(row: Relation | None, item: Listed, at: datetime) -> bool:
    """Whether a listed friendship is one we miss. One that a customer ended is listed by WeCom still."""
    if row is not None and row.open:
        return False
    if row is not None and row.ended_by and row.changed_at >= item.since:
        return False
    return item.since <= at - UNDERWAY


def _add(item: Listed) -> News:
    return News(What.ADD, item.userid, item.external_userid, item.since, item.state, item.add_way)


def _not_suspicious(
    connection: Connection, gone: Sequence[Relation], rows: Iterable[Relation]
) -> tuple[list[Relation], int]:
    """Those of the vanished friendships that may be believed, and how many members were left alone."""
    open_of: dict[str, int] = {}
    for row in rows:
        open_of[row.userid] = open_of.get(row.userid, 0) + bool(row.open)
    missing: dict[str, list[Relation]] = {}
    for row in gone:
        missing.setdefault(row.userid, []).append(row)
    believed: list[Relation] = []
    skipped = 0
    for userid, lost in sorted(missing.items()):
        if len(lost) > FEW and len(lost) * 2 > open_of[userid]:
            text = PULL_SHRUNK % {"missing": len(lost), "known": open_of[userid], "userid": userid}
            connections.note_failure(connection, str(text))
            skipped += 1
            continue
        believed += lost
    return believed, skipped
