"""A real twin process and a real receiver for its callbacks, for tests that speak HTTP only."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from defusedxml.ElementTree import fromstring
from wechatpy.enterprise.crypto import WeChatCrypto

ROOT = Path(__file__).resolve().parents[2]
SEED = 7
START = "2026-11-16T09:00:00+08:00"


STARTED: list[subprocess.Popen[str]] = []


def run_twin(*arguments: str) -> subprocess.Popen[str]:
    """`python -m twin …` with the sources of this checkout and nothing else."""
    process = subprocess.Popen(
        [sys.executable, "-m", "twin", *arguments],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    STARTED.append(process)
    return process


def end_all() -> None:
    """Kill what a failed test left running."""
    while STARTED:
        process = STARTED.pop()
        if process.poll() is None:
            process.kill()
            process.wait(15)
        if process.stdout is not None:
            process.stdout.close()


class Twin:
    """A running twin; `call` speaks WeCom, `get` and `post` speak to the control API."""

    def __init__(self, *more: str, seed: int = SEED, start: str | None = START) -> None:
        when = ("--start", start) if start else ()
        self.process = run_twin("serve", "--port", "0", "--seed", str(seed), *when, *more)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line
        self.url = found.group()
        self.http = httpx.Client(base_url=self.url, timeout=20, verify=False, trust_env=False)
        self.config: dict[str, Any] = self.get("/twin/config")
        self._tokens: dict[str, str] = {}

    def stop(self) -> int:
        """Ask it to end, as a supervisor would."""
        self.process.terminate()
        return self._ended()

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self._ended()

    def _ended(self) -> int:
        self.http.close()
        code = self.process.wait(15)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def app(self, key: str = "siyu") -> dict[str, Any]:
        return next(item for item in self.config["apps"] if item["key"] == key)

    def clerks(self) -> list[str]:
        return [m["userid"] for m in self.config["members"] if m["role"] != "region_manager"]

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, status: int = 200, **body: Any) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def advance(self, seconds: float) -> Any:
        return self.post("/twin/clock", advance_seconds=seconds)

    def gettoken(self, app: str = "siyu", **change: str) -> dict[str, Any]:
        query = {"corpid": self.config["corpid"], "corpsecret": self.app(app)["secret"], **change}
        document: dict[str, Any] = self.http.get("/cgi-bin/gettoken", params=query).json()
        return document

    def token(self, app: str = "siyu") -> str:
        if app not in self._tokens:
            self._tokens[app] = self.gettoken(app)["access_token"]
        return self._tokens[app]

    def raw(self, path: str, body: Any = None, *, app: str = "siyu", **query: Any) -> httpx.Response:
        """A WeCom call, POST when there is a body."""
        params = {"access_token": self.token(app), **query}
        if body is None:
            return self.http.get(f"/cgi-bin/{path}", params=params)
        return self.http.post(f"/cgi-bin/{path}", params=params, json=body)

    def call(self, path: str, body: Any = None, *, code: int = 0, **query: Any) -> dict[str, Any]:
        """A WeCom call that must answer with `code`; externalcontact/ may be left out as `~`."""
        answer = self.raw(path.replace("~", "externalcontact/"), body, **query)
        assert answer.status_code == 200
        document: dict[str, Any] = answer.json()
        assert document["errcode"] == code, document
        return document

    def code_for(self, *userids: str, **more: Any) -> str:
        """A contact way for members."""
        kind = 1 if len(userids) == 1 else 2
        body = {"type": kind, "scene": 2, "user": list(userids), **more}
        return str(self.call("~add_contact_way", body)["config_id"])

    def record(self) -> dict[str, Any]:
        document: dict[str, Any] = self.get("/twin/record")
        return document

    def rows(self, kind: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.get(f"/twin/record/{kind}", limit=100_000)["rows"]
        return rows

    def quiet(self) -> None:
        """Wait until nothing is under way."""
        wait_for(lambda: self.get("/twin/clock")["idle"])


def wait_for(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Poll until something is true."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return value


@dataclass
class Push:
    """One received callback, decrypted by wechatpy."""

    at: float
    fields: dict[str, str]
    plaintext: str
    envelope: dict[str, str]


@dataclass
class Receiver:
    """What siyu would be: answers the echo and takes callbacks. `answers` are the next statuses."""

    twin: Twin
    app: str = "siyu"
    pushes: list[Push] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    echo_right: bool = True
    delay: float = 0.0

    def __post_init__(self) -> None:
        app = self.twin.app(self.app)
        self.crypto = WeChatCrypto(app["token"], app["encoding_aes_key"], self.twin.config["corpid"])
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
                echo = receiver.crypto.check_signature(
                    query["msg_signature"], query["timestamp"], query["nonce"], query["echostr"]
                )
                self._answer(200, echo.encode() if isinstance(echo, str) else echo)

            def do_POST(self) -> None:
                query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
                body = self.rfile.read(int(self.headers["Content-Length"]))
                plain = receiver.crypto.decrypt_message(
                    body, query["msg_signature"], query["timestamp"], query["nonce"]
                )
                text = plain.decode() if isinstance(plain, bytes) else plain
                receiver.pushes.append(Push(time.monotonic(), _fields(text), text, _fields(body.decode())))
                status = receiver.answers.pop(0) if receiver.answers else 200
                time.sleep(receiver.delay)
                self._answer(status, b"")

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body if receiver.echo_right else b"x" * len(body))

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/cb?key=1"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def connect(self) -> Any:
        return self.twin.post("/twin/callback", app=self.app, url=self.url)

    def wait(self, count: int) -> list[Push]:
        wait_for(lambda: len(self.pushes) >= count)
        return self.pushes

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def _fields(xml: str) -> dict[str, str]:
    return {item.tag: item.text or "" for item in fromstring(xml)}


@dataclass
class Platform:
    """Takes the shop's events as siyu's API does. `script` holds statuses to answer first."""

    batches: list[list[dict[str, Any]]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    script: list[int] = field(default_factory=list)
    rejected: set[str] = field(default_factory=set)
    early: int = 0  # so many answers say that the events lie in the future

    def __post_init__(self) -> None:
        platform = self
        seen: set[str] = set()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/api/v1/events"
                events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["events"]
                platform.batches.append(events)
                platform.keys.append(self.headers["Authorization"])
                status = platform.script.pop(0) if platform.script else 200
                results = []
                for event in events:
                    outcome = "duplicate" if event["id"] in seen else "accepted"
                    if event["name"] in platform.rejected:
                        outcome = "rejected"
                    elif status == 200 or status == 599:
                        seen.add(event["id"])
                    error = None
                    if platform.early:
                        outcome, error = "rejected", "event.time"
                        seen.discard(event["id"])
                    results.append({"id": event["id"], "status": outcome, "reason": "", "error": error})
                platform.early -= platform.early > 0
                body = json.dumps({"results": results}).encode()
                self.send_response(503 if status == 599 else status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
