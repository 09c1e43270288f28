"""Healing of lost callbacks: what WeCom lists is compared with what we know.

Only a complete and successful pull of a member may end friendships, never one that failed, and never
most of a member's friendships at once (a narrowed range looks just like that). A pull comes in pages,
and a friendship that ends meanwhile may push another over the edge of a page; so whoever seems to have
vanished is looked for once more in the member's list, which comes whole.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from siyu.connectors.wecom import connections, tags
from siyu.connectors.wecom.client import Client
from siyu.connectors.wecom.contracts import Purpose
from siyu.connectors.wecom.details import Details, Follower, parse_details
from siyu.connectors.wecom.details import take_over as take_over_details
from siyu.connectors.wecom.models import Connection, Relation
from siyu.connectors.wecom.relations import News, Pair, What, apply_news, source_of
from siyu.connectors.wecom.words import PULL_EMPTY, PULL_SHRUNK
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import Permanent
from siyu.records.customers import api as customers

log = logging.getLogger("siyu.wecom")

MEMBERS_A_CALL = 20
"""WeCom allows 100; fewer keep the transactions short that callbacks have to wait for."""

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
    """One friendship as the pull lists it, with the customer's details."""

    follower: Follower
    details: Details

    @property
    def pair(self) -> Pair:
        """Member and customer."""
        return self.follower.userid, self.details.external_userid


@dataclass(slots=True)
class Pulled:
    """The outcome of one pull: friendships, and the members whose list is complete."""

    friends: list[Listed]
    complete: set[str]

    @property
    def pairs(self) -> set[Pair]:
        """Members and customers that are listed."""
        return {item.pair for item in self.friends}


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What one reconciliation did."""

    members: int
    friends: int
    found: int
    ended: int
    skipped: int


def _listed(item: Mapping[str, Any], tag_names: Mapping[str, str]) -> Listed:
    info = item.get("follow_info") or {}
    details = parse_details(item.get("external_contact") or {}, [info], tag_names)
    return Listed(details.followers[0], details)


def pull_members(client: Client, userids: Sequence[str], tag_names: Mapping[str, str]) -> Pulled:
    """Friendships of these members. A refused group is halved until the refused member stands alone.

    84061 for a single member means "no customers"; any other refusal leaves that member incomplete.
    Passing errors (RetryLater) end the pull: nothing may be concluded then.
    """
    body = {"userid_list": list(userids), "limit": PAGE}
    try:
        friends = [
            _listed(item, tag_names)
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
        first = pull_members(client, userids[:middle], tag_names)
        second = pull_members(client, userids[middle:], tag_names)
        return Pulled(first.friends + second.friends, first.complete | second.complete)
    return Pulled([item for item in friends if all(item.pair)], set(userids))


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
    tag_names = tags.names_by_id(connection, client)
    friends = found = ended = skipped = 0
    for start in range(0, len(members), MEMBERS_A_CALL):
        pulled = pull_members(client, members[start : start + MEMBERS_A_CALL], tag_names)
        vanished = look_again(client, missing(connection, pulled, at=at))
        with foundation.transaction():
            more_found, more_ended, more_skipped = take_over(connection, pulled, vanished, at=at)
        friends += len(pulled.friends)
        found, ended, skipped = found + more_found, ended + more_ended, skipped + more_skipped
    Connection.objects.filter(pk=connection.pk).update(reconciled_at=at)
    if not skipped:
        connections.note_ok(connection)
    return Reconciled(len(members), friends, found, ended, skipped)


def missing(connection: Connection, pulled: Pulled, *, at: datetime) -> list[Relation]:
    """Friendships we know, old enough to be listed, that the complete lists of their members do not show."""
    listed = pulled.pairs
    rows = Relation.objects.filter(
        connection_id=connection.pk, userid__in=pulled.complete, open=True, changed_at__lte=at - UNDERWAY
    )
    return [row for row in rows.order_by("id") if (row.userid, row.external_userid) not in listed]


def look_again(client: Client, rows: Sequence[Relation]) -> set[Pair]:
    """Which of these are not in their member's whole list either. A member who is refused is left alone."""
    of_member: dict[str, set[str]] = {}
    for row in rows:
        of_member.setdefault(row.userid, set()).add(row.external_userid)
    vanished: set[Pair] = set()
    for userid, wanted in sorted(of_member.items()):
        try:
            answer = client.get("externalcontact/list", userid=userid)
        except Permanent as error:
            if error.params.get("errcode") not in OF_ONE_MEMBER:
                raise
            if error.params.get("errcode") != NO_CUSTOMERS:
                continue
            answer = {"external_userid": []}
        listed = answer.get("external_userid")
        if listed is not None:  # an answer without a list says nothing
            vanished |= {(userid, one) for one in wanted.difference(listed)}
    return vanished


def take_over(
    connection: Connection, pulled: Pulled, vanished: Collection[Pair], *, at: datetime
) -> tuple[int, int, int]:
    """Record friendships found, and vanished ones where that is confirmed; returns (found, ended, members skipped)."""
    foundation.advisory_lock("wecom.relations", connection.pk)
    userids = {*pulled.complete, *(item.follower.userid for item in pulled.friends)}
    rows = {
        (row.userid, row.external_userid): row
        for row in Relation.objects.filter(connection_id=connection.pk, userid__in=userids)
    }
    found = [item for item in pulled.friends if _is_news(rows.get(item.pair), item, at)]
    source = source_of(connection) + ":poll"
    old = [item for item in found if item.follower.since < connection.connected_at]
    new = [item for item in found if item.follower.since >= connection.connected_at]
    for part, origin in ((old, facts.Origin.BACKFILL), (new, None)):
        news = [_add(item) for item in part]
        apply_news(connection, news, at=at, source=source, origin=origin, details=False)
        details = [item.details for item in part]
        take_over_details(connection, details, at=at, origin=origin)
    gone = [
        row for pair, row in rows.items() if pair in vanished and row.open and row.changed_at <= at - UNDERWAY
    ]
    ending, skipped = _not_suspicious(connection, gone, rows.values())
    ends = [
        News(What.END, row.userid, row.external_userid, at, ended_by=customers.EndedBy.EMPLOYEE)
        for row in ending
    ]
    apply_news(connection, ends, at=at, source=source)
    return len(found), len(ending), skipped


def _is_news(row: Relation | None, item: Listed, at: datetime) -> bool:
    """Whether a listed friendship is one we miss. One that a customer ended is listed by WeCom still."""
    since = item.follower.since
    if row is not None and row.open:
        return False
    if row is not None and row.ended_by and row.changed_at >= since:
        return False
    return since <= at - UNDERWAY


def _add(item: Listed) -> News:
    follower = item.follower
    return News(What.ADD, *item.pair, follower.since, follower.state, follower.add_way)


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
