"""Messages of the application to employees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from siyu.actions.messaging import api as messaging
from siyu.connectors.wecom import connections
from siyu.connectors.wecom.channels.common import company_of, cut, failed, reraise_setup, sentence
from siyu.connectors.wecom.contracts import Purpose
from siyu.connectors.wecom.models import App
from siyu.connectors.wecom.words import ANSWER_UNCLEAR, NO_MEMBER
from siyu.kit.errors import Permanent
from siyu.records.staff import api as staff

TEXT_BYTES = 2048
REPEAT_SECONDS = 4 * 3600
"""WeCom drops the same message to the same person within this time, so a repetition is safe in it."""


class StaffAppChannel:
    """Port `wecom.app`: a message about a customer to the customer's employee."""

    name = "wecom.app"
    label: str | Promise = _("WeCom message to the employee")
    unclear = messaging.Unclear.SAFE_REPEAT
    max_batch = 1
    side_by_side = 3
    needs_member = False
    needs_friend = False
    window: timedelta | None = timedelta(seconds=REPEAT_SECONDS)
    context_keys: tuple[str, ...] = ()

    def send(self, items: Sequence[messaging.SendItem], *, at: datetime) -> Sequence[messaging.Outcome]:
        """Send each item to its employee."""
        return [self._one(item, at) for item in items]

    def _one(self, item: messaging.SendItem, at: datetime) -> messaging.Outcome:
        known = staff.employees_by_id([item.employee_id], at=at) if item.employee_id is not None else {}
        member = next(iter(known.values()), None)
        if member is None or not member.userid:
            return failed(item, NO_MEMBER)
        userid, connection = member.userid, company_of(member)
        app = (
            App.objects.filter(connection=connection, purposes__contains=Purpose.MESSAGE)
            .order_by("id")
            .first()
        )
        body: dict[str, Any] = {
            "touser": userid,
            "agentid": app.agentid if app else 0,
            "enable_duplicate_check": 1,
            "duplicate_check_interval": REPEAT_SECONDS,
            **_message(item.content, f"\n#{item.delivery_id}"),
        }
        client = connections.client_for(connection, Purpose.MESSAGE)
        try:
            answer = client.write("message/send", body)
        except Permanent as error:
            reraise_setup(connection, error)
            return failed(item, sentence(error))
        if userid in str(answer.get("invaliduser") or "").split("|"):
            return failed(item, NO_MEMBER)
        return messaging.Outcome(item.delivery_id, messaging.Result.SENT, ref=str(answer.get("msgid") or ""))

    def query(self, items: Sequence[messaging.SendItem], *, at: datetime) -> Sequence[messaging.Outcome]:
        """WeCom offers no way to ask."""
        return [
            messaging.Outcome(item.delivery_id, messaging.Result.UNKNOWN, reason=str(ANSWER_UNCLEAR))
            for item in items
        ]

    def cancel(self, items: Sequence[messaging.SendItem], *, at: datetime) -> Sequence[messaging.Outcome]:
        """What was sent is there."""
        return [failed(item, _("A message to an employee cannot be withdrawn.")) for item in items]

    def remind(self, items: Sequence[messaging.SendItem], *, at: datetime) -> Sequence[messaging.Outcome]:
        """Nobody has to confirm it."""
        return [failed(item, _("Nobody has to confirm this message.")) for item in items]


def _message(content: messaging.Content, mark: str) -> dict[str, Any]:
    """A text, or a card with the first link.

    The mark is the delivery's own: the same words about another customer must not look like a repetition.
    """
    link = next((item for item in content.attachments if item.kind == "link"), None)
    if link is None:
        return {"msgtype": "text", "text": {"content": cut(content.text, TEXT_BYTES - len(mark)) + mark}}
    return {
        "msgtype": "textcard",
        "textcard": {
            "title": cut(link.title or link.url, 128),
            "description": cut(content.text or link.description, 512 - len(mark)) + mark,
            "url": link.url,
        },
    }
