"""From the scan of a code to the welcome message on the customer's phone, with the twin, at 50 scans a second."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
from django.db import connection

from benchmarks.harness.load import read, request
from benchmarks.harness.rows import Row, percentile
from benchmarks.harness.stage import HOST, Running, Stage, python
from siyu.connectors.wecom import api as wecom
from siyu.decisions.acquisition import api as acquisition
from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.segments import api as segments
from siyu.kit import clock
from siyu.records.staff import api as staff

AIM_MS = 5_000
RATE = 50
REST = 4.0


def run(stage: Stage) -> list[Row]:
    """Web, worker and twin are real processes; the twin's own record says when a welcome arrived."""
    port = stage.port()
    seed = 1 + int(stage.mark or "0", 36) % 1_000_000  # on a kept brand each run meets a company of its own
    twin_command = python("-m", "twin", "serve", "--port", str(port), "--seed", str(seed))
    with stage.run(twin_command) as twin:
        twin.port = port
        stage.await_port(twin)
        door = httpx.Client(base_url=f"http://{HOST}:{port}/twin", timeout=60, trust_env=False)
        config = door.get("config").json()
        at = clock.business_now()
        with foundation.transaction():
            facts.ensure_partitions(at=at)
            facts.install_cursors()
            segments.install_defaults(at=at)
            journeys.install_defaults(at)
            wecom.connect(config, base_url=f"http://{HOST}:{port}", at=at)
        with stage.web() as web, stage.worker() as worker:
            for app in config["apps"]:
                address = f"http://{HOST}:{web.port}/wecom/callback/wecom/{app['key']}/"
                answer = door.post("callback", json={"app": app["key"], "url": address}).json()
                assert answer["verified"], answer
            codes = _codes(door, config)
            time.sleep(stage.size(10, 3))
            watched = (web, worker)
            rows = [_row("scan to welcome, p99", stage, door, port, codes, watched, stage.size(30, 2, 20))]
            if stage.customers:
                with Night() as night:
                    row = _row(
                        "scan to welcome beside the night's work, p99",
                        stage,
                        door,
                        port,
                        codes,
                        watched,
                        stage.size(40, 2),
                    )
                rows.append(replace(row, note=f"{row.note}; meanwhile {night.told()}"))
        door.close()
    return rows


class Night:
    """The night's jobs, by the worker's two threads for jobs, over and over with a rest of some seconds between:
    everybody scored, the largest segment built, numbers kept.

    Before each scoring two in a hundred customers get scores that do not hold, as after a busy day.
    """

    def __init__(self) -> None:
        self._over = threading.Event()
        self._done = Counter[str]()
        [(segment,)] = foundation.fetch(
            "SELECT segment_id FROM insights_segments_membership GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
        )
        self._jobs: dict[str, dict[str, Any]] = {
            "scoring.snapshot": {}, "segments.rebuild": {"segment_ids": [segment]}, "metrics.keep": {},
        }  # fmt: skip
        self._threads = [threading.Thread(target=self._work, args=one) for one in self._jobs.items()]

    def __enter__(self) -> Night:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def told(self) -> str:
        """What was done how often."""
        return "done " + ", ".join(f"{name} {self._done[name]} times" for name in self._jobs)

    def _work(self, name: str, payload: dict[str, Any]) -> None:
        while not self._over.is_set():
            self._one(name, payload)
            self._over.wait(REST)
        connection.close()

    def _spoil_scores(self) -> None:
        """In parts: facts are heard no further than to the oldest transaction under way, this one's too."""
        [(end,)] = foundation.fetch("SELECT max(customer_id) FROM insights_cards_card")
        for low in range(0, end + 1, 50_000):
            if not self._over.is_set():
                foundation.execute(
                    "UPDATE insights_cards_card SET m = 6 - m WHERE m IS NOT NULL AND m <> 3 AND customer_id %% 50 = 0"
                    " AND customer_id >= %s AND customer_id < %s",
                    [low, low + 50_000],
                )

    def _one(self, name: str, payload: dict[str, Any]) -> None:
        if name == "scoring.snapshot":
            self._spoil_scores()
        with foundation.transaction():
            job = foundation.enqueue(name, payload, due_at=clock.business_now(), key=f"bench:{name}")
        while job is not None and not self._over.wait(0.1):
            if foundation.get_job(job).state not in ("waiting", "running"):
                self._done[name] += 1
                return


def _codes(door: httpx.Client, config: dict[str, Any]) -> list[str]:
    """A live code for each of some clerks, once the company's directory has come."""
    end, wanted = time.monotonic() + 120, [one["userid"] for one in config["members"]]
    found = dict[str, staff.EmployeeView]()
    while len(found) < len(wanted):
        assert time.monotonic() < end, "the directory does not come"
        time.sleep(0.2)
        found = staff.employees_by_userid(wanted, at=clock.business_now(), source=f"wecom:{config['corpid']}")
    clerks = [one for one in found.values() if one.role == "clerk"][:20]
    states = []
    for one in clerks:
        with foundation.transaction():
            view = acquisition.create_code(
                f"测量 {one.name}", [one.id], at=clock.business_now(), by=foundation.SYSTEM
            )
        states.append(view.state)
    for state in states:  # the code exists at the platform once the worker has made it
        while door.post("scan", json={"state": state}).is_error:
            assert time.monotonic() < end, "the codes do not come"
            time.sleep(0.2)
    return states


def _measure(
    door: httpx.Client, port: int, codes: list[str], seconds: int
) -> tuple[dict[str, float], dict[str, float], float]:
    """Scan at the rate from a few threads; deliveries that are sent are looked for meanwhile."""
    count, numbers = seconds * RATE, itertools.count()
    sent, seen, over = dict[str, float](), dict[str, float](), threading.Event()
    began = time.perf_counter() + 0.2

    def scan() -> None:
        with socket.create_connection((HOST, port), timeout=60) as line:
            while (n := next(numbers)) < count:
                time.sleep(max(0.0, began + n / RATE - time.perf_counter()))
                body = json.dumps({"state": codes[n % len(codes)]}).encode()
                moment = time.perf_counter()
                line.sendall(request("POST", "/twin/scan", body, {"Content-Type": "application/json"}))
                status, answer = read(line)
                if status == 200:
                    sent[json.loads(answer)["external_userid"]] = moment

    def poll() -> None:
        while not over.is_set():
            now = time.perf_counter()
            for row in door.get("record/welcomes", params={"limit": 100_000}).json()["rows"]:
                seen.setdefault(row["external_userid"], now)
            time.sleep(0.25)

    threads = [threading.Thread(target=scan) for _ in range(8)]
    poller = threading.Thread(target=poll)
    for thread in [poller, *threads]:
        thread.start()
    for thread in threads:
        thread.join()
    end = time.monotonic() + 30
    while len(sent.keys() & seen.keys()) < len(sent) and time.monotonic() < end:
        time.sleep(0.2)
    over.set()
    poller.join()
    return sent, seen, count / max(1e-9, max(sent.values()) - min(sent.values()))


def _row(
    name: str,
    stage: Stage,
    door: httpx.Client,
    port: int,
    codes: list[str],
    watched: Sequence[Running],
    seconds: int,
) -> Row:
    meter = stage.meter(*watched)
    sent, seen, pace = _measure(door, port, codes, seconds)
    spans = [seen[who] - moment for who, moment in sent.items() if who in seen]
    p99 = percentile(spans, 0.99) * 1000
    return Row(
        name, p99, "ms", AIM_MS, lower=True,
        exact=len(spans) == len(sent), note=f"{len(spans)} of {len(sent)} greeted; {pace:.0f} scans/s; looked at every 0.25 s",
        measures={**meter.per(len(sent)), "worker_mb": watched[-1].look()},
    ).timed(spans)  # fmt: skip
