"""What a bench is given: its size, its database, processes that end with it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.harness import machine
from siyu.config.cli import processes
from siyu.config.supervisor.contracts import ProcessSpec
from siyu.config.supervisor.ports import free_port
from siyu.foundation.postgres import api as postgres

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"


@dataclass
class Running:
    """A process under measurement."""

    process: subprocess.Popen[bytes]
    port: int = 0
    peak_mb: float = 0.0

    def look(self) -> float:
        """Note and answer the most memory its family has had so far, in MB."""
        found = sum(machine.peak_mb(pid) for pid in machine.family(self.process.pid))
        self.peak_mb = max(self.peak_mb, found)
        return self.peak_mb


class Meter:
    """Processor time spent from its making until asked. Unlike time on the clock it hardly depends on who else is at work."""

    def __init__(self, stage: Stage, pids: tuple[int, ...]) -> None:
        self._roots = (*pids, postgres.status(stage.data).pid or 0)
        self._before = self._now()

    def _now(self) -> float:
        return machine.cpu_seconds([pid for root in self._roots if root for pid in machine.family(root)])

    def per(self, count: float) -> dict[str, float]:
        """Microseconds for each of ``count``, and how many a second two processors could do if they did nothing else."""
        each = (self._now() - self._before) / max(1.0, count)
        return {"cpu_us": round(each * 1e6, 1), "two_cores_per_s": round(2 / each) if each else 0.0}


@dataclass
class Stage:
    """One bench's place of work. Its processes end when the bench does.

    Its database is fresh and empty, or with ``customers`` a generated brand of that size, which may have seen
    other benches: there each run has a ``mark`` of its own, which every key it writes begins with, so that
    nothing collides, and counts what it added, not what there is.
    """

    name: str
    quick: bool
    first_port: int
    customers: int | None = None
    mark: str = ""

    def size(self, full: int, quick: int, brand: int | None = None) -> int:
        """How many; ``brand`` on a generated brand, where that many show what an operation costs."""
        if self.quick:
            return quick
        return brand if brand is not None and self.customers else full

    @property
    def stranger(self) -> int:
        """From here on phone numbers are nobody's: the generated brand has those below, earlier runs others."""
        # 40,000 numbers for each minute; they come round again after 35 hours
        return 10**7 + int(self.mark or "0", 36) // 60 % 2_100 * 40_000

    @property
    def data(self) -> Path:
        """The state folder."""
        return postgres.data_dir()

    @property
    def dsn(self) -> str:
        """How plain psycopg reaches this bench's database."""
        found = postgres.connection_settings(self.data, os.environ["SIYU_BRAND"])
        return f"host={found['HOST']} port={found['PORT']} user={found['USER']} dbname={found['NAME']}"

    def meter(self, *running: Running) -> Meter:
        """Counts the processor time of PostgreSQL and of ``running``, or of this process if none is given."""
        return Meter(self, tuple(one.process.pid for one in running) or (os.getpid(),))

    def connect(self) -> psycopg.Connection[Any]:
        """A connection that siyu knows nothing of, each statement its own transaction."""
        return psycopg.connect(self.dsn, autocommit=True)

    def port(self) -> int:
        """A free port."""
        return free_port(HOST, self.first_port, set())

    @contextmanager
    def web(self, *, workers: int = 1, threads: int = 8, module: str = "") -> Iterator[Running]:
        """The web process as ``siyu up`` starts it; ``module`` serves another application the same way."""
        port = self.port()
        spec = processes.web("web", HOST, port, {}, processes=workers, threads=threads)
        command = [*spec.command[:-1], module] if module else spec.command
        with self.run(command) as running:
            running.port = port
            self.await_port(running)
            yield running

    @contextmanager
    def worker(self) -> Iterator[Running]:
        """A worker process as ``siyu up`` starts it."""
        spec: ProcessSpec = processes.worker("worker", {})
        with self.run(spec.command) as running:
            time.sleep(0.2)
            yield running

    @contextmanager
    def run(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> Iterator[Running]:
        """A process with its output in a file beside the results."""
        place = self.data / "logs"
        place.mkdir(exist_ok=True)
        with (place / f"{self.name}.log").open("ab") as log:
            process = subprocess.Popen(
                list(command), env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", **(env or {})},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT,
            )  # fmt: skip
        running = Running(process)
        try:
            yield running
        finally:
            running.look()
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def await_port(self, running: Running, seconds: float = 60) -> None:
        """Until it takes connections."""
        end = time.monotonic() + seconds
        while True:
            try:
                socket.create_connection((HOST, running.port), timeout=1).close()
                return
            except OSError:
                if running.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"{self.name}: the web process does not start") from None
                time.sleep(0.05)


def python(*words: str) -> list[str]:
    """A command of this interpreter."""
    return [sys.executable, *words]
