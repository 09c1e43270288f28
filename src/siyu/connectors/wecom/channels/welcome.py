"""The welcome message: once, within 20 seconds, with the code that the callback brought."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from siyu.actions.messaging import api as messaging
from siyu.connectors.wecom import connections
from siyu.connectors.wecom.channels.common import failed, reach, reraise_setup, sentence, wecom_content
from siyu.connectors.wecom.contracts import Purpose
from siyu.connectors.wecom.models import WelcomeCode
from siyu.connectors.wecom.relations import CODE_PURPOSE
from siyu.connectors.wecom.words import WELCOME_GONE, WELCOME_UNCLEAR
from siyu.foundation import api as foundation
from siyu.kit.errors import Permanent

USED_UP = frozenset({41050, 41051})
"""Answers to a code that has been used (or is too old): after an unclear call, perhaps by us."""

SECONDS = 5.0
"""How long an answer is waited for: less than the lease of a delivery with a window, so that it can be repeated."""


class WelcomeChannel:
    """Port `wecom.welcome`.

    WeCom takes a code once, so an unclear call may be repeated safely. What the repetition answers
    does not tell whether the first one arrived: then the outcome stays unknown, and visible. That an
    attempt is under way is written down by messaging before the call, so nothing is written here.
    """

    name = "wecom.welcome"
    label: str | Promise = _("WeCom welcome message")
    unclear = messaging.Unclear.SAFE_REPEAT
    max_batch = 1
    side_by_side = 5  # WeCom names no bound; 5 to 10 calls of one API at once are told of
    needs_member = False
    needs_friend = True
    window: timedelta | None = timedelta(seconds=20)
    context_keys: tuple[str, ...] = ("welcome_ref",)

    def send(self, items: Sequence[messaging.SendItem], *, at: datetime) -> Sequence[messaging.Outcome]:
        """Send each item with its own code."""
        return [self._one(item) for item in items]

    def _one(self, item: messaging.SendItem) -> messaging.Outcome:
        row = WelcomeCode.objects.filter(ref=str(item.params.get("welcome_ref") or "")).first()
        if row is None:
            return failed(item, WELCOME_GONE)
        body = wecom_content(item.content)
        connection, client = reach(row.connection_id, Purpose.CONTACT)
        code = foundation.unseal(row.code, CODE_PURPOSE).decode()
        try:
            client.write("externalcontact/send_welcome_msg", {"welcome_code": code, **body}, seconds=SECONDS)
        except Permanent as error:
            if item.doubt and error.params.get("errcode") in USED_UP:
                return messaging.Outcome(
                    item.delivery_id, messaging.Result.UNKNOWN, ref=row.ref, reason=str(WELCOME_UNCLEAR)
                )
            reraise_setup(connection, error)
            return failed(item, sentence(error), ref=row.ref)
        connections.note_ok(connection)
        return messaging.Outcome(item.delivery_id, messaging.Result.SENT, ref=row.ref)

    def query(self, items: Sequence[messaging.SendItem], *, at: datetime) -> Sequence[messaging.Outcome]:
        """WeCom offers no way to ask."""
        return [
            messaging.Outcome(item.delivery_id, messaging.Result.UNKNOWN, reason=str(WELCOME_UNCLEAR))
            for item in items
        ]

    def cancel(self, items: Sequence[messaging.SendItem], *, at: datetime) -> Sequence[messaging.Outcome]:
        """A welcome that was handed over is gone."""
        return [failed(item, _("A welcome message cannot be withdrawn.")) for item in items]

    def remind(self, items: Sequence[messaging.SendItem], *, at: datetime) -> Sequence[messaging.Outcome]:
        """Nobody has to confirm a welcome."""
        return [failed(item, _("Nobody has to confirm a welcome message.")) for item in items]
