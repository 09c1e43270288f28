"""From raw callbacks to news of customers and staff; runs from the inbox, in its transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from siyu.connectors.wecom import events, receivers
from siyu.connectors.wecom.models import Connection, TagMirror
from siyu.connectors.wecom.relations import News, What, apply_news, source_of
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput
from siyu.records.customers import api as customers

log = logging.getLogger("siyu.wecom")

CONTACT = {
    "add_external_contact": What.ADD,
    "add_half_external_contact": What.HALF,
    "edit_external_contact": What.EDIT,
    "del_external_contact": What.END,
    "del_follow_user": What.END,
}


def handle(items: Sequence[facts.InboxItem], context: facts.InboxContext) -> None:
    """Take over a batch of callbacks, grouped by company; a malformed one fails alone."""
    by_company: dict[str, list[events.Event]] = {}
    for item in items:
        event = events.parse(item.body)
        corpid = item.source.removeprefix(receivers.SOURCE)
        if event.corpid != corpid:
            raise BadInput("wecom.other_company")
        by_company.setdefault(corpid, []).append(event)
    for corpid, happened in by_company.items():
        connection = Connection.objects.filter(corpid=corpid).first()
        if connection is None:
            raise BadInput("wecom.no_connection")
        _company(connection, happened, context)


def _company(connection: Connection, happened: Sequence[events.Event], context: facts.InboxContext) -> None:
    news: list[News] = []
    for event in happened:
        if event.event == "change_external_contact" and event.change in CONTACT:
            news.append(_news(event))
        elif event.event == "change_contact":
            foundation.enqueue(
                "wecom.directory", {"connection": connection.pk}, due_at=context.at,
                key=f"event:{connection.pk}:{int(event.at.timestamp())}",
            )  # fmt: skip
        elif event.event == "change_external_tag" and event.change == "delete":
            TagMirror.objects.filter(connection_id=connection.pk, tag_id=event["Id"]).delete()
        else:
            log.info("wecom event not used: %s %s", event.event, event.change)
    apply_news(connection, news, at=context.at, source=source_of(connection))
    Connection.objects.filter(pk=connection.pk).update(last_callback_at=context.at)


def _news(event: events.Event) -> News:
    userid, external = event["UserID"], event["ExternalUserID"]
    if not userid or not external or len(userid) > 64 or len(external) > 64:
        raise BadInput("wecom.bad_event")
    return News(
        what=CONTACT[event.change],
        userid=userid,
        external_userid=external,
        at=event.at,
        state=event["State"][:64],
        welcome_code=event["WelcomeCode"],
        ended_by=_ended_by(event),
    )


def _ended_by(event: events.Event) -> customers.EndedBy:
    if event["Source"] == "DELETE_BY_TRANSFER":
        return customers.EndedBy.TRANSFER
    if event.change == "del_external_contact":
        return customers.EndedBy.EMPLOYEE
    return customers.EndedBy.CUSTOMER
