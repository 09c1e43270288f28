"""What the WeCom tests share: a real twin process, the connection to it, and a way to settle all work."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from siyu.connectors.wecom import api as wecom
from siyu.connectors.wecom.crypto import Envelope
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit import clock

ROOT = Path(__file__).resolve().parents[2]
SEED = 11


class Twin:
    """A running twin; `get` and `post` speak to its control API."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "twin", "serve", "--port", "0", "--seed", str(SEED)],
            env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line
        self.url = found.group()
        self.http = httpx.Client(base_url=self.url, timeout=20)
        self.config: dict[str, Any] = self.get("/twin/config")

    def stop(self) -> None:
        self.http.close()
        self.process.terminate()
        self.process.wait(15)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, **body: Any) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def app(self, key: str = "siyu") -> dict[str, Any]:
        found: dict[str, Any] = next(item for item in self.config["apps"] if item["key"] == key)
        return found

    def clerks(self) -> list[str]:
        return [member["userid"] for member in self.config["members"] if member["role"] == "clerk"]

    def friend(self, number: int = 0) -> dict[str, Any]:
        """A relation that existed before the start: userid, external_userid, unionid, name …"""
        person = self.get("/twin/people", kind="existing", limit=1, offset=number)["people"][0]
        follow = self.get(f"/twin/person/{person['id']}")["follows"][0]
        return {**person, **follow}

    def ledger(self, kind: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.get(f"/twin/record/{kind}", limit=1000)["rows"]
        return rows

    @contextmanager
    def faults(self, **faults: Any) -> Iterator[None]:
        self.post("/twin/faults", reset=True, **faults)
        try:
            yield
        finally:
            self.post("/twin/faults", reset=True)

    @contextmanager
    def settings(self, **settings: Any) -> Iterator[None]:
        before = self.get("/twin/settings")
        self.post("/twin/settings", **settings)
        try:
            yield
        finally:
            self.post("/twin/settings", **{name: before[name] for name in settings})


def now() -> datetime:
    return clock.business_now()


def connect(twin: Twin, *, base_url: str = "") -> wecom.ConnectionView:
    """Save the connection; its first pulls are left to the tests that are about them."""
    with foundation.transaction():
        view = wecom.connect(twin.config, base_url=base_url or twin.url, at=now())
        foundation.execute("DELETE FROM foundation_work_job WHERE key LIKE 'first:%%'")
    return view


def register_callback(twin: Twin, server: str, view: wecom.ConnectionView) -> None:
    path = next(app.callback_path for app in view.apps if app.key == "siyu")
    answer = twin.post("/twin/callback", app="siyu", url=server + path)
    assert answer["verified"], answer


JOBS = ("wecom.directory", "wecom.tags", "acquisition.sync_code")


def settle(*jobs: str, rounds: int = 6) -> None:
    """Do what a worker would, until nothing is left to do: inbox, subscriptions, jobs, loops."""
    for _round in range(rounds):
        at = now()
        moved = facts.drain_inbox(at=at, max_batches=50)
        moved += facts.drain(at=at)
        moved += foundation.run_due_jobs(at=at, limit=200, only=jobs or JOBS)
        for _name, loop in foundation.LOOPS.items():
            moved += loop.run(at)
        if not moved:
            return


def wait_for(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """The first true answer of `condition`, or a failure after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("did not happen in time")


def envelope(twin: Twin, receiveid: str = "", app: str = "siyu") -> Envelope:
    keys = twin.app(app)
    return Envelope(keys["token"], keys["encoding_aes_key"], receiveid or twin.config["corpid"])


def event_xml(
    corpid: str, change: str, at: datetime, userid: str, external_userid: str, **more: str
) -> bytes:
    """The plaintext of a customer event, as WeCom writes it."""
    extra = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in more.items())
    return (
        f"<xml><ToUserName><![CDATA[{corpid}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>"
        f"<CreateTime>{int(at.timestamp())}</CreateTime><MsgType><![CDATA[event]]></MsgType>"
        f"<Event><![CDATA[change_external_contact]]></Event><ChangeType><![CDATA[{change}]]></ChangeType>"
        f"<UserID><![CDATA[{userid}]]></UserID>"
        f"<ExternalUserID><![CDATA[{external_userid}]]></ExternalUserID>{extra}</xml>"
    ).encode()


def pushed(seal: Envelope, plaintext: bytes, *, nonce: str = "n1") -> tuple[dict[str, str], bytes]:
    """Query and body of a pushed callback."""
    encrypted = seal.encrypt(plaintext)
    timestamp = str(int(time.time()))
    query = {
        "msg_signature": seal.sign(timestamp, nonce, encrypted),
        "timestamp": timestamp,
        "nonce": nonce,
    }
    return query, f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)
