"""A small brand to measure with: two stores, clerks, a WeCom connection to nobody, known people."""

from __future__ import annotations

import base64
import os
from datetime import datetime, timedelta

from siyu.connectors.wecom import api as wecom
from siyu.connectors.wecom.crypto import Envelope
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

CORP = "wwbench"
TOKEN = "bench-token"
AES_KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")
CLERKS = 50
UNITS = (
    staff.UnitSpec("1", "总部", staff.UnitKind.COMPANY),
    staff.UnitSpec("2", "一店", staff.UnitKind.STORE, "1", "S1"),
    staff.UnitSpec("3", "二店", staff.UnitKind.STORE, "1", "S2"),
)


def make(at: datetime) -> list[int]:
    """Stores and clerks, cursors and partitions; returns the clerks' ids."""
    with foundation.transaction():
        facts.ensure_partitions(at=at)
        facts.install_cursors()
        people = [staff.EmployeeSpec(f"clerk{n}", f"导购{n}", "2" if n % 2 else "3") for n in range(CLERKS)]
        staff.sync_directory(UNITS, people, source=f"wecom:{CORP}", at=at - timedelta(days=30))
    return sorted(one.id for one in staff.employees(at))


def connect(at: datetime) -> Envelope:
    """A connection whose callbacks can be made here; returns what seals them."""
    app = {
        "key": "siyu", "name": "siyu", "agentid": 1, "secret": "none", "token": TOKEN,
        "encoding_aes_key": AES_KEY, "permissions": ["customer"],
    }  # fmt: skip
    with foundation.transaction():
        wecom.connect(
            {"corpid": CORP, "company": "测量", "apps": [app]}, base_url="http://127.0.0.1:9", at=at
        )
    return Envelope(TOKEN, AES_KEY, CORP, random=os.urandom)


def added(person: str, clerk: str, at: datetime) -> bytes:
    """The plaintext of a callback: somebody added a clerk."""
    return (
        f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>"
        f"<CreateTime>{int(at.timestamp())}</CreateTime><MsgType><![CDATA[event]]></MsgType>"
        "<Event><![CDATA[change_external_contact]]></Event>"
        "<ChangeType><![CDATA[add_external_contact]]></ChangeType>"
        f"<UserID><![CDATA[{clerk}]]></UserID><ExternalUserID><![CDATA[{person}]]></ExternalUserID>"
        f"<State><![CDATA[bench]]></State><WelcomeCode><![CDATA[code-{person}]]></WelcomeCode></xml>"
    ).encode()


def pushed(envelope: Envelope, plaintext: bytes, at: datetime, nonce: str) -> tuple[str, bytes]:
    """The query and body by which WeCom would push it."""
    sealed, stamp = envelope.encrypt(plaintext), str(int(at.timestamp()))
    query = f"msg_signature={envelope.sign(stamp, nonce, sealed)}&timestamp={stamp}&nonce={nonce}"
    body = f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    return query, body.encode()


def phone(number: int) -> str:
    """A phone number that can exist."""
    return f"139{number:08d}"


def known(count: int, at: datetime, clerks: list[int] | None = None) -> list[customers.Identified]:
    """That many customers known by phone; with ``clerks`` also friends of and assigned to them."""
    found: list[customers.Identified] = []
    for start in range(0, count, 2_000):
        refs = [customers.IdentityRef("phone", phone(n)) for n in range(start, min(start + 2_000, count))]
        with foundation.transaction():
            part = customers.identify(refs, at=at, source="bench")
            if clerks:
                contacts = [
                    customers.ContactSpec(one.subject_id, clerks[n % len(clerks)], "bench", at)
                    for n, one in enumerate(part)
                ]
                customers.add_contact(contacts, at=at, source="bench")
                for n, clerk in enumerate(clerks):
                    mine = [one.customer_id for one in part[n :: len(clerks)] if one.customer_id is not None]
                    if mine:
                        customers.assign(mine, clerk, at=at, reason="测量")
        found += part
    return found
