"""Callback receivers, kept in memory for seconds so that a callback costs one statement: its insert."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError
from django.db import connection as database

from siyu.connectors.wecom.connections import SEAL_PURPOSE
from siyu.connectors.wecom.crypto import BadKey, Envelope
from siyu.connectors.wecom.models import App
from siyu.foundation import api as foundation

SECONDS = 5.0
"""How long a changed set-up may go unnoticed by a running process."""

SOURCE = "wecom:"
"""Prefix of this connector's inbox sources; the company id follows."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who a callback address belongs to."""

    corpid: str
    envelope: Envelope

    @property
    def source(self) -> str:
        """Name of the inbox source."""
        return SOURCE + self.corpid


_known: dict[tuple[str, str], tuple[float, Receiver | None]] = {}
_lock = threading.Lock()


def receiver_of(connection_key: str, app_key: str) -> Receiver | None:
    """The receiver behind an address, or None when there is none that is ready."""
    now = time.monotonic()
    entry = _known.get((connection_key, app_key))
    if entry is not None and entry[0] > now:
        return entry[1]
    try:
        found = _load(connection_key, app_key)
    except (
        OperationalError,
        InterfaceError,
    ):  # kept over a restart of the database: once more over a new one
        database.close()
        found = _load(connection_key, app_key)
    with _lock:
        if len(_known) > 1000:  # addresses that strangers try
            _known.clear()
        _known[connection_key, app_key] = (now + SECONDS, found)
    return found


def forget() -> None:
    """Drop what is remembered (after a change in this process)."""
    _known.clear()


def _load(connection_key: str, app_key: str) -> Receiver | None:
    app = App.objects.select_related("connection").filter(connection__key=connection_key, key=app_key).first()
    if app is None:
        return None
    token = foundation.unseal(app.token, SEAL_PURPOSE).decode()
    aes_key = foundation.unseal(app.aes_key, SEAL_PURPOSE).decode()
    if not token:
        return None
    try:
        return Receiver(app.connection.corpid, Envelope(token, aes_key, app.connection.corpid))
    except BadKey:
        return None


def inbox_key(msgid: str, plaintext: bytes) -> str:
    """What makes a callback one: its MsgId, or for events, which have none, a hash of all it says.

    WeCom's own advice for events (FromUserName and CreateTime) collides for two customers who add
    somebody in the same second.
    """
    return f"msg:{msgid}" if msgid else "sha256:" + hashlib.sha256(plaintext).hexdigest()
