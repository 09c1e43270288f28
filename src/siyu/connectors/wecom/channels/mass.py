"""Mass messages 群发: a task for the member, who confirms it on the phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from siyu.actions.messaging import api as messaging
from siyu.connectors.wecom import connections
from siyu.connectors.wecom.channels.common import (
    failed,
    friends,
    reachable,
    reraise_setup,
    sentence,
    wecom_content,
)
from siyu.connectors.wecom.channels.mass_results import (
    addressed,
    find_unclear,
    outcome_of,
    result_rows,
    unknown,
)
from siyu.connectors.wecom.contracts import Purpose
from siyu.connectors.wecom.models import Connection, MassRecipient, MassSend, Relation
from siyu.connectors.wecom.words import (
    ANSWER_UNCLEAR,
    MASS_REFUSED,
    MASS_TOGETHER,
    NOT_A_FRIEND,
)
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.kit.errors import OutcomeUnknown, Permanent

MAX_RECIPIENTS = 10_000
"""Customers in one task (document 92135)."""

CANCELLED_ALREADY = 41093
Items = Sequence[messaging.SendItem]
Outcomes = Sequence[messaging.Outcome]


class MassChannel:
    """Port `wecom.mass`. An unclear call is looked up among WeCom's tasks by content, time and people."""

    name = "wecom.mass"
    label: str | Promise = _("WeCom mass message")
    unclear = messaging.Unclear.QUERY
    max_batch = MAX_RECIPIENTS
    side_by_side = 2
    needs_member = True
    needs_friend = True
    window: timedelta | None = None
    context_keys: tuple[str, ...] = ()

    def send(self, items: Items, *, at: datetime) -> Outcomes:
        """Hand one task to one member for up to 10,000 customers with one content."""
        relations = friends(items)
        outcomes = [failed(item, NOT_A_FRIEND) for item in items if item.delivery_id not in relations]
        groups: dict[tuple[int, str], list[messaging.SendItem]] = {}
        for item in items:
            row = relations.get(item.delivery_id)
            if row is not None:
                groups.setdefault((row.connection_id, row.userid), []).append(item)
        for number, ((connection_id, userid), group) in enumerate(sorted(groups.items(), key=_place)):
            connection = reachable(connection_id)
            marker = f"{group[0].attempt_token}.{number}"
            outcomes += self._task(connection, userid, marker, group, relations, at)
        return outcomes

    def _task(
        self,
        connection: Connection,
        userid: str,
        marker: str,
        items: Items,
        relations: Mapping[int, Relation],
        at: datetime,
    ) -> list[messaging.Outcome]:
        body = wecom_content(items[0].content)
        wanted = [relations[item.delivery_id].external_userid for item in items]
        with foundation.transaction():
            row, made = MassSend.objects.get_or_create(
                marker=marker,
                defaults={
                    "connection_id": connection.pk, "userid": userid, "text": items[0].content.text,
                    "recipients": len(set(wanted)), "asked_at": at, "asked_wall": clock.wall_now(),
                },
            )  # fmt: skip
            if not made:
                raise OutcomeUnknown("wecom.asked_before", ANSWER_UNCLEAR)
            MassRecipient.objects.bulk_create(
                MassRecipient(send=row, relation=relations[item.delivery_id], delivery_id=item.delivery_id)
                for item in items
            )
        client = connections.client_for(connection, Purpose.CONTACT)
        request = {
            "chat_type": "single",
            "external_userid": list(dict.fromkeys(wanted)),
            "sender": userid,
            "allow_select": False,
            **body,
        }
        try:
            answer = client.write("externalcontact/add_msg_template", request)
        except Permanent as error:
            reraise_setup(connection, error)
            return [failed(item, sentence(error)) for item in items]
        refused = {str(item) for item in answer.get("fail_list") or ()}
        msgid = str(answer.get("msgid") or "")
        if not msgid:
            raise OutcomeUnknown("wecom.no_answer", ANSWER_UNCLEAR)
        MassSend.objects.filter(pk=row.pk).update(msgid=msgid, recipients=len(set(wanted) - refused))
        connections.note_ok(connection)
        return [
            failed(item, MASS_REFUSED, ref=msgid)
            if relations[item.delivery_id].external_userid in refused
            else messaging.Outcome(item.delivery_id, messaging.Result.WAITING_MEMBER, ref=msgid)
            for item in items
        ]

    def query(self, items: Items, *, at: datetime) -> Outcomes:
        """What became of tasks; for items without a ref the task is looked for first."""
        outcomes: list[messaging.Outcome] = []
        for msgid, group in _by(items, "ref").items():
            if msgid:
                outcomes += _known(msgid, group)
            else:
                for token, attempt in _by(group, "attempt_token").items():
                    outcomes += find_unclear(token, attempt, at=at)
        return outcomes

    def cancel(self, items: Items, *, at: datetime) -> Outcomes:
        """Withdraw tasks that the member has not confirmed; only whole tasks can be withdrawn."""
        outcomes: list[messaging.Outcome] = []
        for msgid, group in _by(items, "ref").items():
            row = _row_of(msgid)
            if row is None or len(group) < row.recipients:
                outcomes += [failed(item, MASS_TOGETHER, ref=msgid) for item in group]
                continue
            refused = _order(row, "externalcontact/cancel_groupmsg_send", but=CANCELLED_ALREADY)
            if refused is not None:
                outcomes += [failed(item, sentence(refused), ref=msgid) for item in group]
                continue
            outcomes += [_withdrawn(outcome) for outcome in _known(msgid, group)]
        return outcomes

    def remind(self, items: Items, *, at: datetime) -> Outcomes:
        """Remind the members of unconfirmed tasks; WeCom allows three times a day."""
        outcomes: list[messaging.Outcome] = []
        for msgid, group in _by(items, "ref").items():
            row = _row_of(msgid)
            if row is None:
                outcomes += [failed(item, ANSWER_UNCLEAR, ref=msgid) for item in group]
                continue
            refused = _order(row, "externalcontact/remind_groupmsg_send")
            outcomes += [
                failed(item, sentence(refused), ref=msgid)
                if refused is not None
                else messaging.Outcome(item.delivery_id, messaging.Result.WAITING_MEMBER, ref=msgid)
                for item in group
            ]
        return outcomes


def _place(entry: tuple[tuple[int, str], list[messaging.SendItem]]) -> tuple[int, str]:
    return entry[0]


def _by(items: Items, name: str) -> dict[str, list[messaging.SendItem]]:
    groups: dict[str, list[messaging.SendItem]] = {}
    for item in items:
        groups.setdefault(str(getattr(item, name)), []).append(item)
    return groups


def _row_of(msgid: str) -> MassSend | None:
    return MassSend.objects.filter(msgid=msgid).first() if msgid else None


def _order(row: MassSend, path: str, but: int = 0) -> Permanent | None:
    """Call something about a task; the refusal if there was one other than `but`."""
    connection = reachable(row.connection_id)
    client = connections.client_for(connection, Purpose.CONTACT)
    try:
        client.write(path, {"msgid": row.msgid})
    except Permanent as error:
        reraise_setup(connection, error)
        if error.params.get("errcode") != but:
            return error
    return None


def _known(msgid: str, items: Items) -> list[messaging.Outcome]:
    row = _row_of(msgid)
    if row is None:
        return [unknown(item, msgid) for item in items]
    try:
        rows = result_rows(row)
    except Permanent as error:
        reraise_setup(reachable(row.connection_id), error)
        return [unknown(item, msgid, sentence(error)) for item in items]
    asked = addressed([row], items)[row.pk]
    return [outcome_of(item, msgid, rows.get(asked.get(item.delivery_id, ""))) for item in items]


def _withdrawn(outcome: messaging.Outcome) -> messaging.Outcome:
    """After a cancellation, what waited is cancelled; what had been sent stays sent."""
    if outcome.result is messaging.Result.WAITING_MEMBER:
        return replace(outcome, result=messaging.Result.CANCELLED)
    return outcome
