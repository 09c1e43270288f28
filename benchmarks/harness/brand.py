"""What a bench works with: two stores, clerks, a WeCom connection to nobody, known people.

On a generated brand the stores and clerks come beside its own, and the people are its own.
"""

from __future__ import annotations

import base64
import os
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.harness.rows import part
from benchmarks.harness.stage import Stage
from siyu.config.generate.people import COMPANY
from siyu.connectors.wecom import api as wecom
from siyu.connectors.wecom.crypto import Envelope
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

CORP = "wwbench"
SOURCE = f"wecom:{CORP}"
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
    since = at - timedelta(days=30)
    with foundation.transaction():
        facts.ensure_partitions(at=at)
        facts.install_cursors()
        people = [staff.EmployeeSpec(f"clerk{n}", f"导购{n}", "2" if n % 2 else "3") for n in range(CLERKS)]
        staff.sync_directory(UNITS, people, source=SOURCE, at=since)
    return sorted(
        one.id
        for one in staff.employees_by_userid([one.userid for one in people], at=at, source=SOURCE).values()
    )


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


def spread(stage: Stage, count: int) -> list[int]:
    """Numbers of that many known people, all over the generated brand (fewer where it has fewer)."""
    if not stage.customers:
        return list(range(count))
    step = max(1, stage.customers // count)
    return [n * step + step // 2 for n in range(min(count, stage.customers))]


def known(
    stage: Stage, count: int, at: datetime, clerks: list[int] | None = None
) -> list[customers.Identified]:
    """That many customers known by phone; in a small database with ``clerks`` made friends of and assigned to them."""
    found: list[customers.Identified] = []
    numbers = spread(stage, count)
    for start in range(0, len(numbers), 2_000):
        refs = [customers.IdentityRef("phone", phone(n)) for n in numbers[start : start + 2_000]]
        with foundation.transaction():
            part = customers.identify(refs, at=at, source="bench")
            if clerks and not stage.customers:
                _befriend(part, clerks, at)
        found += part
    return found


def _befriend(people: list[customers.Identified], clerks: list[int], at: datetime) -> None:
    contacts = [
        customers.ContactSpec(one.subject_id, clerks[n % len(clerks)], "bench", at)
        for n, one in enumerate(people)
    ]
    customers.add_contact(contacts, at=at, source="bench")
    for n, clerk in enumerate(clerks):
        mine = [one.customer_id for one in people[n :: len(clerks)] if one.customer_id is not None]
        if mine:
            customers.assign(mine, clerk, at=at, reason="测量")


@dataclass(frozen=True)
class Friend:
    """A customer who can be written to, and by whom."""

    customer_id: int
    subject_id: int
    employee_id: int


def friends(stage: Stage, count: int, at: datetime, clerks: list[int]) -> list[Friend]:
    """That many friends of clerks; of a generated brand some of its own, other ones in each run.

    Always of ten clerks: how many senders there are decides how many calls are made, whatever the brand's size.
    """
    if not stage.customers:
        people = known(stage, count, at, clerks)
        return [
            Friend(one.customer_id or 0, one.subject_id, clerks[n % len(clerks)])
            for n, one in enumerate(people)
        ]
    return [
        Friend(*row)
        for row in foundation.fetch(
            """SELECT m.customer_id, c.subject_id, c.employee_id
               FROM (SELECT employee_id FROM records_customers_contact WHERE connection = %s AND until IS NULL
                     GROUP BY 1 ORDER BY count(*) DESC LIMIT 10) e,
                    LATERAL (SELECT subject_id, employee_id FROM records_customers_contact k
                     WHERE connection = %s AND until IS NULL AND k.employee_id = e.employee_id
                     ORDER BY hashint8extended(subject_id, %s) LIMIT %s) c
               JOIN records_customers_subjectmap m USING (subject_id) ORDER BY c.subject_id""",
            [COMPANY, COMPANY, int(stage.mark, 36), count // 10],
        )
    ]


def hear(at: datetime, only: list[str] | None = None) -> list[float]:
    """Every fact to all that hear it (or to ``only`` these); answers what each round took, in seconds.

    What was recorded is readable once no earlier transaction of the whole server is under way, be it the
    analysis of a table: nothing to read is then not yet the end.
    """
    rounds, spans = facts.Rounds(lambda one: only is None or one.name in only), list[float]()
    while True:
        with part(spans):
            moved = rounds.go(at=at)[0]
        if not moved and all_readable():
            return spans


def all_readable() -> bool:
    """Whether every recorded fact can be read now; a moment's wait where not."""
    if facts.news(None).complete:
        return True
    time.sleep(0.005)
    return False


def count(sql: str, *params: object) -> int:
    """One number."""
    return int(foundation.fetch(sql, params)[0][0])
