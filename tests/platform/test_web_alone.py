"""Web before any worker: what it records is heard later."""

from __future__ import annotations

import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from siyu.config.cli import processes
from siyu.config.supervisor.ports import free_port
from siyu.foundation.postgres import api as postgres
from tests.platform.test_cli import environment, siyu, wait_for

COUNT = """
from siyu.facts import api as facts
from django.db import connection
cursor = connection.cursor()
cursor.execute("SELECT count(*) FROM facts_events_cursor")
print(cursor.fetchone()[0], sum(one.shards for _, one in facts.SUBSCRIPTIONS.items()))
"""


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def test_subscriptions_have_their_place_before_the_first_worker(state: Path) -> None:
    postgres.ensure_running(state, profile=postgres.Profile.TESTS)
    assert siyu(state, "migrate", "-v", "0").returncode == 0
    made, wanted = siyu(state, "shell", "-v", "0", "-c", COUNT).stdout.split()
    assert made == "0" != wanted
    port = free_port("127.0.0.1", 18100)
    spec = processes.web("web", "127.0.0.1", port, {})
    web = subprocess.Popen(spec.command, env=environment(state))
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        assert siyu(state, "shell", "-v", "0", "-c", COUNT).stdout.split() == [wanted, wanted]
    finally:
        web.terminate()
        web.wait(20)
