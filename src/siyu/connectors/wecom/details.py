"""Customer details: fetched after a callback or a pull, linked by unionid, kept in the records.

Rows of DetailWanted wait here; each round claims some with a lease, asks WeCom outside any
transaction, and takes all answers over in one transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q

from siyu.connectors.wecom import connections
from siyu.connectors.wecom.client import Client
from siyu.connectors.wecom.contracts import Purpose
from siyu.connectors.wecom.models import Connection, DetailWanted, Relation
from siyu.connectors.wecom.relations import source_of
from siyu.connectors.wecom.settings import TRUST_NOTED_PHONES
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.kit.errors import NotFound, OutcomeUnknown, Permanent, RetryLater
from siyu.records.customers import api as customers

log = logging.getLogger("siyu.wecom")

BATCH = 40
LEASE = timedelta(seconds=90)
SIDE_BY_SIDE = 4
"""Calls at once: WeCom names no bound; 5 to 10 calls of one API are told of."""
SETUP_PAUSE = timedelta(minutes=5)
CORP_TAG = 1
GENDERS = {1: "male", 2: "female"}


@dataclass(frozen=True, slots=True)
class Follower:
    """One member's side of a relation."""

    userid: str
    since: datetime
    state: str
    add_way: int
    tags: tuple[str, ...]
    mobiles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Details:
    """What externalcontact/get tells of one customer."""

    external_userid: str
    name: str
    avatar: str
    gender: int
    unionid: str
    followers: tuple[Follower, ...] = field(default=())


def parse_details(
    contact: Mapping[str, Any],
    followers: Sequence[Mapping[str, Any]],
    tag_names: Mapping[str, str] | None = None,
) -> Details:
    """Details from WeCom's two parts; unknown fields are ignored, missing ones empty.

    The batch listing gives tags by id only: `tag_names` translates them.
    """
    return Details(
        external_userid=str(contact.get("external_userid", "")),
        name=str(contact.get("name") or ""),
        avatar=str(contact.get("avatar") or ""),
        gender=int(contact.get("gender") or 0),
        unionid=str(contact.get("unionid") or ""),
        followers=tuple(_follower(item, tag_names or {}) for item in followers),
    )


def _follower(item: Mapping[str, Any], tag_names: Mapping[str, str]) -> Follower:
    named = [
        str(tag["tag_name"])
        for tag in item.get("tags") or ()
        if tag.get("tag_name") and int(tag.get("type") or CORP_TAG) == CORP_TAG
    ]
    by_id = [tag_names[key] for key in item.get("tag_id") or () if key in tag_names]
    return Follower(
        userid=str(item.get("userid", "")),
        since=datetime.fromtimestamp(int(item.get("createtime") or 0), UTC),
        state=str(item.get("state") or ""),
        add_way=int(item.get("add_way") or 0),
        tags=tuple(dict.fromkeys(named + by_id)),
        mobiles=tuple(str(mobile) for mobile in item.get("remark_mobiles") or () if mobile),
    )


def fetch(client: Client, external_userid: str) -> Details:
    """All of one customer, over all pages of followers. Raises as any call."""
    followers: list[Mapping[str, Any]] = []
    contact: Mapping[str, Any] = {}
    cursor = ""
    while True:
        params = {"external_userid": external_userid, **({"cursor": cursor} if cursor else {})}
        page = client.get("externalcontact/get", **params)
        contact = page.get("external_contact") or contact
        followers.extend(page.get("follow_user") or ())
        cursor = str(page.get("next_cursor") or "")
        if not cursor:
            return parse_details(contact, followers)


def take_over(
    connection: Connection,
    found: Sequence[Details],
    *,
    at: datetime,
    origin: facts.Origin | None = None,
) -> None:
    """Identities, profiles and tags of customers, in the caller's transaction; repeating it changes nothing."""
    if not found:
        return
    found = _by_customer(found)
    source = source_of(connection)
    linked = customers.link(
        [_same_person(connection, item) for item in found], at=at, source=source, origin=origin
    )
    _link_phones(connection, found, at=at, origin=origin)
    profiles: list[customers.ProfileSpec] = []
    tagged: dict[str, list[int]] = {}
    for item, result in zip(found, linked, strict=True):
        if result.customer_id is None:
            continue
        profiles.append(
            customers.ProfileSpec(
                customer_id=result.customer_id,
                name=item.name or None,
                avatar=item.avatar or None,
                gender=GENDERS.get(item.gender),
            )
        )
        for name in sorted({name for follower in item.followers for name in follower.tags}):
            tagged.setdefault(name, []).append(result.customer_id)
    customers.update_profiles(profiles, at=at, source=source, origin=origin)
    for name in sorted(tagged):
        customers.tag(tagged[name], name, at=at, source=source, origin=origin)
    _fill_relations(connection, found)


def _by_customer(found: Sequence[Details]) -> list[Details]:
    """One entry a customer, with all followers that were told."""
    merged: dict[str, Details] = {}
    for item in found:
        known = merged.get(item.external_userid)
        if known is not None:
            item = replace(known, followers=known.followers + item.followers)
        merged[item.external_userid] = item
    return [merged[key] for key in sorted(merged)]


def _external(connection: Connection, item: Details) -> customers.IdentityRef:
    return customers.IdentityRef(
        customers.IdentityKind.EXTERNAL_USERID, item.external_userid, connection.corpid
    )


def _same_person(connection: Connection, item: Details) -> list[customers.IdentityRef]:
    unionid = customers.IdentityRef(customers.IdentityKind.UNIONID, item.unionid)
    return [_external(connection, item), *([unionid] if item.unionid else ())]


def _link_phones(
    connection: Connection, found: Sequence[Details], *, at: datetime, origin: facts.Origin | None
) -> None:
    """A phone that a member noted links too, if it is the only one noted and the setting trusts notes.

    It is a claim of its own: where it contradicts what is known, the records open a case for a person.
    """
    if not foundation.get_setting(TRUST_NOTED_PHONES, at=at):
        return
    claims = []
    for item in found:
        mobiles = {mobile for follower in item.followers for mobile in follower.mobiles}
        if len(mobiles) != 1:
            continue
        phone = customers.IdentityRef(customers.IdentityKind.PHONE, mobiles.pop())
        if customers.check_ref(phone) is not None:
            continue  # an extension, a joke: members write what they like
        claims.append([_external(connection, item), phone])
    if claims:
        customers.link(claims, at=at, source=source_of(connection), origin=origin)


def _fill_relations(connection: Connection, found: Sequence[Details]) -> None:
    """add_way and state of relations, which callbacks do not (always) tell."""
    known = {(f.userid, item.external_userid): f for item in found for f in item.followers}
    rows = Relation.objects.filter(
        connection_id=connection.pk, external_userid__in=[item.external_userid for item in found]
    ).order_by("id")
    changed: list[Relation] = []
    for row in rows:
        follower = known.get((row.userid, row.external_userid))
        if follower is None:
            continue
        new = (follower.add_way or row.add_way, row.state or follower.state)
        if new != (row.add_way, row.state):
            row.add_way, row.state = new
            changed.append(row)
    if changed:
        foundation.execute(
            """UPDATE connectors_wecom_relation r SET add_way = v.add_way, state = v.state
               FROM unnest(%s::bigint[], %s::int[], %s::text[]) AS v(id, add_way, state) WHERE r.id = v.id""",
            [foundation.array(getattr(row, name) for row in changed) for name in ("id", "add_way", "state")],
        )


# -- the loop ---------------------------------------------------------------------------------------


def run(at: datetime) -> int:
    """Fetch the details of some customers; returns how many rows were handled."""
    with foundation.transaction():
        rows = foundation.claim_due(DetailWanted, at=at, limit=BATCH, lease=LEASE)
    by_connection: dict[int, list[DetailWanted]] = {}
    for row in rows:
        by_connection.setdefault(row.connection_id, []).append(row)
    for connection_id, wanted in by_connection.items():
        _company(connection_id, wanted, at)
    return len(rows)


def _company(connection_id: int, wanted: Sequence[DetailWanted], at: datetime) -> None:
    try:
        connection = connections.by_id(connection_id)
        client = connections.client_for(connection, Purpose.CONTACT)
    except NotFound:
        DetailWanted.objects.filter(connection_id=connection_id).delete()
        return
    found: list[Details] = []
    done: list[DetailWanted] = []
    answers = foundation.side_by_side(
        "wecom.details", SIDE_BY_SIDE, wanted, lambda row: fetch(client, row.external_userid)
    )
    for row, answer in zip(wanted, answers, strict=True):
        match answer:
            case Details():
                found.append(answer)
            case Permanent() if answer.params.get("setup"):
                connections.note_failure(connection, answer)
                _later(row, SETUP_PAUSE, answer)
                continue
            case Permanent():
                log.info("wecom details of one customer not to be had: %s", answer.code)
            case RetryLater() | OutcomeUnknown():
                seconds = getattr(answer, "after_seconds", None) or 10
                _later(row, timedelta(seconds=seconds), answer)
                continue
            case _:
                raise answer
        done.append(row)
    try:
        with foundation.transaction():
            _write(connection, found, done, at)
    except _Parted:
        with foundation.transaction():
            _write(connection, found, done, at)
    if found:
        connections.note_ok(connection)


class _Parted(Exception):
    """A relation ended while its customer's details were being written."""


def _write(
    connection: Connection, found: Sequence[Details], done: Sequence[DetailWanted], at: datetime
) -> None:
    """Take over what was told of present friends: of others nothing is asked, and who was erased meanwhile stays so."""
    friends = _friends(connection, found)
    take_over(connection, [item for item in found if item.external_userid in friends], at=at)
    if friends - _friends(connection, found):
        raise _Parted
    for row in done:
        DetailWanted.objects.filter(pk=row.pk, lease_token=row.lease_token).delete()


def _friends(connection: Connection, found: Sequence[Details]) -> set[str]:
    rows = Relation.objects.filter(
        Q(open=True) | Q(half=True),
        connection_id=connection.pk,
        external_userid__in=[item.external_userid for item in found],
    )
    return set(rows.values_list("external_userid", flat=True))


def _later(row: DetailWanted, pause: timedelta, error: Exception) -> None:
    DetailWanted.objects.filter(pk=row.pk, lease_token=row.lease_token).update(
        run_after=clock.wall_now() + pause, lease_until=None, lease_token=None, last_error=str(error)[:500]
    )


def pending(at: datetime) -> int:
    """How many customers' details are wanted now."""
    return foundation.count_due(DetailWanted, at=at)


def next_due() -> datetime | None:
    """The earliest moment at which details are wanted."""
    return foundation.next_due(DetailWanted)
