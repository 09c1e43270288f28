"""From the scan of a code to the welcome message on the customer's phone, with the twin, at 50 scans a second."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from typing import Any

import httpx

from benchmarks.harness.load import read, request
from benchmarks.harness.rows import Row, percentile
from benchmarks.harness.stage import HOST, Stage, python
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


def run(stage: Stage) -> list[Row]:
    """Web, worker and twin are real processes; the twin's own record says when a welcome arrived."""
    port = stage.port()
    twin_command = python("-m", "twin", "serve", "--port", str(port), "--seed", "1")
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
            codes = _codes(door, len(config["members"]))
            time.sleep(stage.size(10, 3))
            result = _measure(stage, door, port, codes)
            memory = worker.look()
        door.close()
    return [_row(*result, memory)]


def _codes(door: httpx.Client, members: int) -> list[str]:
    """A live code for each of some clerks, once the directory has come."""
    end = time.monotonic() + 120
    while len(staff.employees(at=clock.business_now())) < members:
        assert time.monotonic() < end, "the directory does not come"
        time.sleep(0.2)
    clerks = [one for one in staff.employees(at=clock.business_now()) if one.role == "clerk"][:20]
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
    stage: Stage, door: httpx.Client, port: int, codes: list[str]
) -> tuple[dict[str, float], dict[str, float], float]:
    """Scan at the rate from a few threads; deliveries that are sent are looked for meanwhile."""
    count, numbers = stage.size(30, 2) * RATE, itertools.count()
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


def _row(sent: dict[str, float], seen: dict[str, float], pace: float, memory: float) -> Row:
    spans = [seen[who] - moment for who, moment in sent.items() if who in seen]
    p99 = percentile(spans, 0.99) * 1000
    measures: dict[str, Any] = {"worker_mb": memory}
    return Row(
        "scan to welcome, p99", p99, "ms", AIM_MS, lower=True, p50_ms=percentile(spans, 0.5) * 1000, p99_ms=p99,
        exact=len(spans) == len(sent), note=f"{len(spans)} of {len(sent)} greeted; {pace:.0f} scans/s; looked at every 0.25 s",
        measures=measures,
    )  # fmt: skip
