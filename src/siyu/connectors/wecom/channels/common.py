"""What the channels share: content in WeCom's form, who is whose friend, errors as outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from siyu.actions.messaging import api as messaging
from siyu.connectors.wecom import connections
from siyu.connectors.wecom.client import Client
from siyu.connectors.wecom.contracts import ConnectionStatus, Purpose
from siyu.connectors.wecom.models import Connection, Relation
from siyu.connectors.wecom.receivers import SOURCE
from siyu.connectors.wecom.words import ATTACHMENT_KIND, CONNECTION_OFF, TEXT_TOO_LONG, TOO_MANY_ATTACHMENTS
from siyu.kit.errors import NotFound, Permanent, RetryLater, SiyuError
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

TEXT_BYTES = 4000
MAX_ATTACHMENTS = 9
SETUP_PAUSE = 300.0
"""Seconds before a send is tried again that an administrator's mistake prevents."""


def cut(text: str, octets: int) -> str:
    """The longest beginning of a text that fits into so many UTF-8 bytes, no character halved."""
    return text.encode()[:octets].decode(errors="ignore")


def wecom_content(content: messaging.Content) -> dict[str, Any]:
    """Text and attachments as send_welcome_msg and add_msg_template take them.

    Permanent when WeCom could not carry it; a link's title and description are cut to its limits.
    """
    if len(content.text.encode()) > TEXT_BYTES:
        raise Permanent("wecom.text_too_long", TEXT_TOO_LONG)
    if len(content.attachments) > MAX_ATTACHMENTS:
        raise Permanent("wecom.too_many_attachments", TOO_MANY_ATTACHMENTS)
    body: dict[str, Any] = {}
    if content.text:
        body["text"] = {"content": content.text}
    attachments = [_attachment(item) for item in content.attachments]
    if attachments:
        body["attachments"] = attachments
    return body


def _attachment(item: messaging.Attachment) -> dict[str, Any]:
    if item.kind != "link":
        raise Permanent("wecom.attachment_kind", ATTACHMENT_KIND)
    link = {"title": cut(item.title or item.url, 128), "url": item.url}
    if item.description:
        link["desc"] = cut(item.description, 512)
    return {"msgtype": "link", "link": link}


def reachable(connection_id: int | None = None) -> Connection:
    """The connection (None: the only one); RetryLater while there is none, so that messages wait."""
    with _waiting():
        return _on(connections.find() if connection_id is None else connections.by_id(connection_id))


def reach(connection_id: int, purpose: Purpose) -> tuple[Connection, Client]:
    """``reachable`` together with a client for this purpose, in one look at the database."""
    with _waiting():
        connection, client = connections.reach(connection_id, purpose)
        return _on(connection), client


@contextmanager
def _waiting() -> Iterator[None]:
    try:
        yield
    except NotFound as error:
        raise RetryLater(error.code, error.message, after_seconds=SETUP_PAUSE) from None


def _on(connection: Connection) -> Connection:
    if connection.status == ConnectionStatus.OFF:
        raise RetryLater("wecom.off", CONNECTION_OFF, after_seconds=SETUP_PAUSE)
    return connection


def reraise_setup(connection: Connection, error: Permanent) -> None:
    """A mistake in the set-up must not fail messages for good: show it and try later.

    Raises RetryLater for such an error and returns for all others.
    """
    if error.params.get("setup"):
        connections.note_failure(connection, error)
        raise RetryLater(error.code, error.message, after_seconds=SETUP_PAUSE, **error.params) from None


def relations_of(items: Sequence[messaging.SendItem]) -> dict[int, list[Relation]]:
    """Delivery id → relations of the customer (all ids after merges) and the item's employee, newest first."""
    current = customers.current_ids({item.customer_id for item in items})
    subjects = customers.subjects_of(set(current.values()))
    owner = {subject: customer for customer, owned in subjects.items() for subject in owned}
    rows = Relation.objects.filter(
        employee_id__in={item.employee_id for item in items if item.employee_id is not None},
        subject_id__in=list(owner),
    ).order_by("-open", "-changed_at", "id")
    by_pair: dict[tuple[int, int | None], list[Relation]] = {}
    for row in rows:
        by_pair.setdefault((owner[row.subject_id], row.employee_id), []).append(row)
    return {
        item.delivery_id: by_pair.get((current.get(item.customer_id, item.customer_id), item.employee_id), [])
        for item in items
    }


def friends(items: Sequence[messaging.SendItem]) -> dict[int, Relation]:
    """Delivery id → the open relation, where the customer and the item's employee are friends."""
    return {
        delivery_id: rows[0] for delivery_id, rows in relations_of(items).items() if rows and rows[0].open
    }


def company_of(member: staff.EmployeeView) -> Connection:
    """The connection of the company an employee belongs to; RetryLater while it is off.

    Where the staff did not come from a company we know, the only (oldest) connection.
    """
    own = Connection.objects.filter(corpid=member.source.removeprefix(SOURCE)).first()
    return reachable() if own is None else _on(own)


def failed(item: messaging.SendItem, reason: object, ref: str = "") -> messaging.Outcome:
    """A final failure with its sentence."""
    return messaging.Outcome(item.delivery_id, messaging.Result.FAILED, ref=ref, reason=str(reason))


def sentence(error: SiyuError) -> str:
    """The operator's sentence of an error."""
    return str(error)
