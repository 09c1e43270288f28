"""What became of mass messages: results per customer, and tasks whose creation was unclear."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError

from siyu.actions.messaging import api as messaging
from siyu.connectors.wecom import connections
from siyu.connectors.wecom.channels.common import failed, reachable, reraise_setup, sentence
from siyu.connectors.wecom.client import Client
from siyu.connectors.wecom.contracts import Purpose
from siyu.connectors.wecom.models import MassRecipient, MassSend
from siyu.connectors.wecom.words import (
    ANSWER_UNCLEAR,
    MASS_LIMIT,
    MASS_NOT_FRIEND,
    MASS_NOT_THERE,
    MASS_REFUSED,
)
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.kit.errors import Permanent

PAGE = 1000
LOOK_BACK = timedelta(days=1)
"""How far around the attempt a task is looked for: the two clocks may differ, and a task that is not found is
sent again. Text, sender, recipients and `taken` tell which task it is, not the time."""
LONGEST_SPAN = timedelta(days=30)
KEEP_SENDS = timedelta(days=90)
"""How long calls are remembered (business time)."""
SURE_AFTER = timedelta(seconds=30)
"""Wall time after which a task that WeCom does not list was certainly never made."""

WAITING, SENT, NOT_FRIEND, LIMIT = 0, 1, 2, 3
NO_TASK = frozenset({40003, 60111, 41047})
DISPATCHING = 41063

Addressed = Mapping[int, str]
"""Delivery id → the customer's id at WeCom that the task was made for."""


@dataclass(frozen=True, slots=True)
class Row:
    """One customer of one member's task."""

    status: int
    at: datetime | None


def _client(row: MassSend) -> Client:
    return connections.client_for(reachable(row.connection_id), Purpose.CONTACT)


def _rows(client: Client, msgid: str, userid: str) -> dict[str, Row]:
    body = {"msgid": msgid, "userid": userid, "limit": PAGE}
    return {
        str(item.get("external_userid", "")): Row(
            int(item.get("status") or 0),
            datetime.fromtimestamp(int(item["send_time"]), UTC) if item.get("send_time") else None,
        )
        for page in client.pages("externalcontact/get_groupmsg_send_result", body)
        for item in page.get("send_list") or ()
    }


def result_rows(row: MassSend) -> dict[str, Row]:
    """Results of a task by external_userid, over all pages. Raises as any call."""
    return _rows(_client(row), row.msgid, row.userid)


def addressed(sends: Iterable[MassSend], items: Sequence[messaging.SendItem]) -> dict[int, dict[int, str]]:
    """Of each call, by its id: for whom its deliveries among these items were handed over."""
    found: dict[int, dict[int, str]] = {send.pk: {} for send in sends}
    for send_id, delivery_id, external_userid in MassRecipient.objects.filter(
        send_id__in=list(found), delivery_id__in=[item.delivery_id for item in items]
    ).values_list("send_id", "delivery_id", "relation__external_userid"):
        found[send_id][delivery_id] = external_userid
    return found


def unknown(item: messaging.SendItem, ref: str = "", reason: str = "") -> messaging.Outcome:
    """Still not to be told."""
    return messaging.Outcome(
        item.delivery_id, messaging.Result.UNKNOWN, ref=ref, reason=reason or str(ANSWER_UNCLEAR)
    )


def outcome_of(item: messaging.SendItem, msgid: str, row: Row | None) -> messaging.Outcome:
    """WeCom's status 0 to 3 as an outcome (document 93338)."""
    if row is None:
        return failed(item, MASS_NOT_THERE, ref=msgid)
    if row.status == SENT:
        return messaging.Outcome(item.delivery_id, messaging.Result.SENT, ref=msgid, happened_at=row.at)
    if row.status == NOT_FRIEND:
        return failed(item, MASS_NOT_FRIEND, ref=msgid)
    if row.status == LIMIT:
        return failed(item, MASS_LIMIT, ref=msgid)
    return messaging.Outcome(item.delivery_id, messaging.Result.WAITING_MEMBER, ref=msgid)


def find_unclear(token: str, items: Sequence[messaging.SendItem], *, at: datetime) -> list[messaging.Outcome]:
    """What became of an attempt without an answer: looked up by content, time and recipients.

    RETRY only when WeCom certainly never got it; UNKNOWN while that cannot be told yet. Raises RetryLater.
    """
    outcomes: list[messaging.Outcome] = []
    rest = list(items)
    sends = list(MassSend.objects.filter(marker__startswith=f"{token}.").order_by("id"))
    asked = addressed(sends, items)
    for row in sends:
        mine = [item for item in rest if item.delivery_id in asked[row.pk]]
        rest = [item for item in rest if item not in mine]
        outcomes += _resolve(row, mine, asked[row.pk], at)
    # In no call: the process ended before anything was asked for them, unless the call has been forgotten since.
    outcomes += [
        messaging.Outcome(item.delivery_id, messaging.Result.RETRY)
        if item.attempted_at > at - KEEP_SENDS
        else unknown(item)
        for item in rest
    ]
    return outcomes


def _resolve(
    row: MassSend, items: Sequence[messaging.SendItem], asked: Addressed, at: datetime
) -> list[messaging.Outcome]:
    if not items:
        return []
    try:
        found = {row.msgid: result_rows(row)} if row.msgid else _search(row, set(asked.values()), at)
    except Permanent as error:
        reraise_setup(connections.by_id(row.connection_id), error)
        return [unknown(item, row.msgid, sentence(error)) for item in items]
    for msgid, rows in found.items():
        return [
            outcome_of(item, msgid, result)
            if (result := rows.get(asked[item.delivery_id]))
            else failed(item, MASS_REFUSED, ref=msgid)
            for item in items
        ]
    if clock.wall_now() - row.asked_wall < SURE_AFTER:
        return [unknown(item) for item in items]
    return [messaging.Outcome(item.delivery_id, messaging.Result.RETRY) for item in items]


def _search(row: MassSend, wanted: set[str], at: datetime) -> dict[str, dict[str, Row]]:
    """The task at WeCom that is this attempt's: same text, same time, same sender, our recipients only."""
    client = _client(row)
    start = row.asked_at - LOOK_BACK
    end = min(max(at, row.asked_at) + LOOK_BACK, start + LONGEST_SPAN)
    body = {
        "chat_type": "single",
        "start_time": int(start.timestamp()),
        "end_time": int(end.timestamp()),
        "filter_type": 0,
        "limit": 100,
    }
    taken = set(
        MassSend.objects.filter(connection_id=row.connection_id)
        .exclude(msgid="")
        .filter(asked_at__gte=start - LOOK_BACK)
        .values_list("msgid", flat=True)
    )
    for page in client.pages("externalcontact/get_groupmsg_list_v2", body):
        for task in page.get("group_msg_list") or ():
            msgid = str(task.get("msgid") or "")
            text = str((task.get("text") or {}).get("content") or "")
            if not msgid or msgid in taken or text != row.text:
                continue
            try:
                rows = _rows(client, msgid, row.userid)
            except Permanent as error:
                if error.params.get("errcode") in NO_TASK:
                    continue
                raise
            if rows and set(rows) <= wanted and _take(row, msgid, len(rows)):
                return {msgid: rows}
    return {}


def _take(row: MassSend, msgid: str, recipients: int) -> bool:
    """Bind the task to the attempt; False when another attempt has it."""
    try:
        with foundation.transaction():
            MassSend.objects.filter(pk=row.pk).update(msgid=msgid, recipients=recipients)
    except IntegrityError:
        return False
    return True
