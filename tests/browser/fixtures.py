"""A site of its own for browser and page tests: a small brand in its own database, served by its own process.

``tests/conftest.py`` hands the fixtures ``site`` and ``visitor`` to every folder, so that one site serves a whole run.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from siyu.config.cli import processes

# Playwright keeps an event loop running in this thread to the end of the session, and Django would take
# every query of a later test for one made inside a coroutine.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
UNTRANSLATED = ("%(", "{{", "{%", "msgid")


@dataclass(frozen=True)
class Site:
    """A running site: address, the session cookie's name, a session key per role, ids of the small brand."""

    url: str
    cookie: str
    sessions: dict[str, str]
    brand: dict[str, Any]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(name: str = "browser") -> dict[str, str]:
    """The environment of a site's processes; each name has a database of its own."""
    env = {**os.environ, "SIYU_DEMO": "1", "DJANGO_SETTINGS_MODULE": "siyu.config.settings"}
    env["SIYU_BRAND"] = f"{os.environ.get('SIYU_BRAND', 't0')}{name}"
    if url := env.get("SIYU_DATABASE_URL"):
        place, mark, options = url.partition("?")
        env["SIYU_DATABASE_URL"] = f"{place}_{name}{mark}{options}"
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    env["SIYU_LOG_LEVEL"] = "ERROR"
    return env


def _run(env: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{words}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout


@contextmanager
def running_site(env: dict[str, str]) -> Iterator[Site]:
    """A site made anew; its database is dropped and made again, not the tests' own."""
    _run(env, "-m", "tests.browser.database")
    _run(env, "-m", "django", "migrate", "--verbosity", "0")
    told = json.loads(_run(env, "-m", "tests.browser.site").strip().splitlines()[-1])
    port = _free_port()
    # As in production: a fixed number of threads, each with one lasting connection to the database.
    words = list(processes.web("site", "127.0.0.1", port, {}, threads=4).command)
    with subprocess.Popen(
        words, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(f"{url}/healthz", server)
            yield Site(url, told["cookie"], told["sessions"], told["brand"])
        finally:
            server.terminate()


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    for _attempt in range(100):
        assert server.poll() is None, "the site's process ended"
        try:
            with urlopen(url, timeout=2):  # our own address
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise AssertionError("the site did not answer within 20 s")


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The site that most tests share."""
    with running_site(environment()) as found:
        yield found


@pytest.fixture(scope="session")
def chromium(playwright: Any) -> Iterator[Any]:
    """The browser of Debian."""
    found = (
        shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome-stable")
    )
    assert found, "install Debian's chromium and fonts-noto-cjk"
    browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
    yield browser
    browser.close()


@dataclass
class Visitor:
    """A page of somebody signed in, with everything that went wrong on it so far."""

    page: Any
    site: Site
    width: int
    troubles: list[str]
    fine: tuple[str, ...] = ()

    def open(self, path: str, status: int = 200) -> Any:
        """Go there, expect the status, and check the page itself."""
        answer = self.page.goto(self.site.url + path)
        assert answer.status == status, f"{path} answered {answer.status}"
        self.check(path)
        return self.page

    def check(self, path: str, *, width: int | None = None) -> None:
        """No page is wider than the screen, and none shows a piece of template or a format mark."""
        found = self.page.evaluate("document.documentElement.scrollWidth")
        assert found <= (width or self.width), f"{path} is {found} pixels wide"
        text = self.page.inner_text("body")
        for mark in UNTRANSLATED:
            assert mark not in text, f"{path} shows {mark!r}"


MakeVisitor = Callable[..., Visitor]


@pytest.fixture
def visitor(chromium: Any, site: Site) -> Iterator[MakeVisitor]:
    """Make pages for somebody (owner, operator, manager, clerk or None) at a width; at the end none had trouble."""
    made: list[tuple[Any, Visitor]] = []

    def make(
        who: str | None = "owner", *, width: int = 1440, language: str = "zh-hans", fine: tuple[str, ...] = ()
    ) -> Visitor:
        context = chromium.new_context(viewport={"width": width, "height": 900}, locale="zh-CN")
        cookies = [{"name": "siyu_language", "value": language, "url": site.url}]
        if who is not None:
            cookies.append({"name": site.cookie, "value": site.sessions[who], "url": site.url})
        context.add_cookies(cookies)
        context.set_default_timeout(10_000)
        page = context.new_page()
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        ours = (site.url, "data:", "blob:")
        page.on("request", lambda asked: None if asked.url.startswith(ours) else troubles.append(asked.url))
        one = Visitor(page, site, width, troubles, fine)
        made.append((context, one))
        return one

    yield make
    for context, _one in made:
        context.close()
    left = [
        text for _context, one in made for text in one.troubles if not any(word in text for word in one.fine)
    ]
    assert left == []
