"""A whole installation for stories: twin, web and worker as processes of their own on the embedded PostgreSQL.

The brand is brought up by the steps of ``siyu demo``, only smaller: codes in two stores, no history, and people
who move only when a test plays them. Its database is its own, so stories do not meet the other tests.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from siyu.config.cli import processes
from tests.connectors.wecom_kit import Twin

ROOT = Path(__file__).resolve().parents[2]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Town:
    """A running brand: ``url``, its ``twin``, and ``do`` to ask the driver (see doings.py)."""

    def __init__(self, url: str, twin: Twin, driver: subprocess.Popen[str]) -> None:
        self.url = url
        self.twin = twin
        self._driver = driver
        self.http = httpx.Client(base_url=url, timeout=60, trust_env=False)
        self._key = ""

    def do(self, name: str, **how: Any) -> Any:
        """Have the driver do it; its trouble is ours."""
        assert self._driver.stdin is not None
        assert self._driver.stdout is not None
        self._driver.stdin.write(json.dumps({"do": name, **how}) + "\n")
        self._driver.stdin.flush()
        line = self._driver.stdout.readline()
        assert line, f"the driver ended while asked to {name}"
        answer = json.loads(line)
        assert "trouble" not in answer, answer["trouble"]
        return answer["answer"]

    def portrait(self, external_userid: str) -> dict[str, Any]:
        """What is known of a customer once all is quiet."""
        self.do("settle")
        found: dict[str, Any] = self.do("portrait", external_userid=external_userid)
        return found

    def scan(self, clerk: int = 0, **more: Any) -> dict[str, Any]:
        """Somebody scans a clerk's code; the twin's answer."""
        answer: dict[str, Any] = self.twin.post("/twin/scan", qr=self.do("code", clerk=clerk)["qr"], **more)
        return answer

    def api(self, path: str, **query: Any) -> Any:
        """GET below /api/v1/ with a key for everything."""
        self._key = self._key or self.do("api_key")
        answer = self.http.get(
            f"/api/v1/{path}", params=query, headers={"Authorization": f"Bearer {self._key}"}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def welcomes(self, external_userid: str) -> list[str]:
        """Texts of the welcome messages on a customer's phone."""
        rows = self.twin.get("/twin/messages", kind="welcome", limit=5000)["messages"]
        return [row["text"] for row in rows if row["external_userid"] == external_userid]


def wait_for(condition: Callable[[], Any], seconds: float) -> Any:
    """The first true answer, or a failure after so many seconds."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"did not happen within {seconds} s"
        time.sleep(0.05)
    return found


def _environment(url: str, twin: Twin, clock: Path) -> dict[str, str]:
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "siyu.config.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        "SIYU_BRAND": f"{os.environ.get('SIYU_BRAND', 't0')}town",
        "SIYU_DEMO": "1",
        "SIYU_LOG_LEVEL": "ERROR",
        "SIYU_SELF_URL": url,
        "SIYU_TWIN_URL": twin.url,
        "SIYU_CLOCK_FILE": str(clock),
    }
    if own := env.get("SIYU_DATABASE_URL"):
        place, mark, options = own.partition("?")
        env["SIYU_DATABASE_URL"] = f"{place}_town{mark}{options}"
    return env


@contextmanager
def _process(command: list[str], env: dict[str, str], **pipes: Any) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, cwd=ROOT, env=env, text=True, **pipes) as running:
        try:
            yield running
        finally:
            running.terminate()
            running.wait(15)


def _once(env: dict[str, str], *words: str) -> None:
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, f"{words}: {done.stdout[-1000:]}{done.stderr[-4000:]}"


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One installation for all stories of a run."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    twin = Twin()
    with ExitStack() as stack:
        stack.callback(twin.stop)
        env = _environment(url, twin, tmp_path_factory.mktemp("town") / "clock")
        _once(env, "-m", "tests.browser.database")
        _once(env, "-m", "django", "migrate", "--verbosity", "0")
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        driver = stack.enter_context(_process([sys.executable, "-m", "tests.flows.driver"], env, **pipes))
        there = Town(url, twin, driver)
        stack.callback(there.http.close)
        there.do("prepare")
        web = processes.web("web", "127.0.0.1", port, {}, threads=4)
        stack.enter_context(_process(list(web.command), env))
        stack.enter_context(_process(list(processes.worker("worker", {}).command), env))
        wait_for(lambda: _ready(there), 60)
        there.do("connect")
        yield there


def _ready(town: Town) -> bool:
    try:
        return town.http.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
