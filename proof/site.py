"""The processes of one run: twin, web, workers and the database, which may be killed at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from siyu.config.cli import processes
from siyu.config.supervisor.child import Child
from siyu.config.supervisor.contracts import ProcessSpec
from siyu.config.supervisor.ports import is_free
from siyu.foundation.postgres import api as postgres

ROOT = Path(__file__).resolve().parents[1]
BRAND = "proof"
HOST = "127.0.0.1"
START_SECONDS = 90.0
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_pair(first: int = 8210) -> int:
    """The first of two free ports side by side: while a process is down, another run's would answer in its place."""
    for port in range(first, first + 200, 2):
        if is_free(HOST, port) and is_free(HOST, port + 1):
            return port
    raise OSError(f"no two free ports side by side from {first} on")


@dataclass
class Site:
    """One installation with its twin, everything under one state folder."""

    state: Path
    port: int
    seed: int
    workers: int = 2
    sabotage: str = ""  # names of switches, joined by commas
    children: dict[str, Child] = field(default_factory=dict)
    killed: dict[str, int] = field(default_factory=dict)
    _log: object = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def own_url(self) -> str:
        """Address of the web process."""
        return f"http://{HOST}:{self.port}"

    @property
    def twin_url(self) -> str:
        """Address of the simulated company."""
        return f"http://{HOST}:{self.port + 1}"

    @property
    def twin_file(self) -> Path:
        """Where the twin keeps all it knows."""
        return self.state / "twin.json"

    def environment(self) -> dict[str, str]:
        """What every process of siyu finds in its environment."""
        return {
            "SIYU_DATA_DIR": str(self.state),
            "SIYU_BRAND": BRAND,
            "SIYU_SELF_URL": self.own_url,
            "SIYU_TWIN_URL": self.twin_url,
            "SIYU_CLOCK_FILE": str(self.state / "proof.clock"),
            "SIYU_DEMO": "1",
            "SIYU_LOG_LEVEL": "WARNING",
        }

    def prepare_environment(self) -> None:
        """Make this process one of the installation, before Django is loaded."""
        os.environ.update(self.environment())
        os.environ.pop("SIYU_DATABASE_URL", None)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "siyu.config.settings")
        self.state.mkdir(parents=True, exist_ok=True)

    # -- database ---------------------------------------------------------------------------

    def start_database(self) -> None:
        """Start the embedded server with the settings that ship."""
        postgres.ensure_running(self.state)
        postgres.create_database(self.state, postgres.database_name(BRAND))

    def kill_database(self, whole: bool) -> None:
        """kill -9 the server, or one of its backends (which makes it recover by itself)."""
        pid = postgres.status(self.state).pid
        if not pid:
            return
        target = pid
        if not whole:
            backends = _children(pid)
            target = backends[len(backends) // 2] if backends else pid
        _kill(target)
        self._count("database" if target == pid else "backend")

    def revive_database(self) -> None:
        """Start the server again if it is gone."""
        if not postgres.is_alive(self.state):
            postgres.ensure_running(self.state)

    # -- processes --------------------------------------------------------------------------

    def start_twin(self) -> None:
        """The simulated company; it is never killed: it is the witness."""
        command = [
            sys.executable, "-m", "twin", "serve", "--port", str(self.port + 1), "--seed", str(self.seed),
            "--state", str(self.twin_file),
        ]  # fmt: skip
        spec = ProcessSpec("twin", command, ready_url=f"{self.twin_url}/twin/health")
        self._start(spec)
        self.wait_ready("twin")

    def migrate(self) -> None:
        """Make the tables."""
        with (self.state / "migrate.log").open("wb") as log:
            subprocess.run(
                processes.siyu("migrate", "-v", "0"), check=True, stdout=log, stderr=log,
                env={**os.environ, **self.environment()},
            )  # fmt: skip

    def start_house(self) -> None:
        """Web and workers."""
        for name in self.names():
            self._start(self._spec(name))
        self.wait_ready("web")

    def names(self) -> list[str]:
        """The processes of siyu that may be killed."""
        return ["web", *(f"worker-{number}" for number in range(1, self.workers + 1))]

    def workers_named(self) -> list[str]:
        """Those of them that are workers."""
        return self.names()[1:]

    def _spec(self, name: str) -> ProcessSpec:
        env = self.environment()
        if self.sabotage:
            env |= {"SIYU_PROOF_SABOTAGE": self.sabotage, "DJANGO_SETTINGS_MODULE": "proof.sabotage.settings"}
            env["PYTHONPATH"] = str(ROOT)
        if name == "web":
            return processes.web("web", HOST, self.port, env, threads=4)
        return processes.worker(name, env)

    def _start(self, spec: ProcessSpec) -> None:
        if spec.name not in self.children:
            self.children[spec.name] = Child(spec, self._write)
        self.children[spec.name].start()

    def _write(self, name: str, line: str) -> None:
        with self._lock, (self.state / "processes.log").open("a") as log:
            log.write(f"{time.time():.1f} {name} | {line}\n")

    def wait_ready(self, name: str) -> None:
        """Until the process serves."""
        child = self.children[name]
        end = time.monotonic() + START_SECONDS
        child.ready = False
        while not child.check_ready():
            if child.ended() is not None:
                child.start()
            if time.monotonic() > end:
                raise TimeoutError(f"{name} does not serve; see {self.state}/processes.log")
            time.sleep(0.05)

    def kill(self, name: str) -> None:
        """kill -9 a process and everything in its group; it stays down until ``revive``."""
        child = self.children[name]
        child.kill()
        child.ended()
        self._count(name.split("-", 1)[0])

    def kill_workers_now(self) -> None:
        """kill -9 all workers, from any thread; ``kill`` takes note of it later."""
        for name in self.workers_named():
            self.children[name].kill()

    def revive(self, name: str) -> None:
        """Start it again if it is not running."""
        child = self.children[name]
        child.ended()
        if child.pid is None:
            child.start()

    def revive_all(self) -> None:
        """Everything runs again."""
        self.revive_database()
        for name in self.names():
            self.revive(name)

    def stop_house(self) -> None:
        """End web and workers in good order."""
        self._stop([*self.names()])

    def stop_twin(self) -> None:
        """End the twin in good order: it writes all it knows to its file."""
        self._stop(["twin"])

    def _stop(self, names: Sequence[str]) -> None:
        found = [self.children[name] for name in names if name in self.children]
        for child in found:
            child.ask_to_stop()
        end = time.monotonic() + 20
        while any(child.ended() is None and child.pid is not None for child in found):
            if time.monotonic() > end:
                break
            time.sleep(0.02)
        for child in found:
            child.kill()
            child.ended()

    def stop_all(self) -> None:
        """Nothing is left behind."""
        self.stop_house()
        self.stop_twin()
        postgres.release(self.state, wait=20)

    def _count(self, name: str) -> None:
        self.killed[name] = self.killed.get(name, 0) + 1


@contextmanager
def running(site: Site) -> Iterator[Site]:
    """Whatever happens inside, all processes have ended after it."""
    try:
        yield site
    finally:
        site.stop_all()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _children(pid: int) -> list[int]:
    """Backends of the database server that serve a client (background processes are left out)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
            title = (process / "cmdline").read_bytes()
        except (OSError, ValueError, IndexError):
            continue
        if parent == pid and b"[local]" in title:
            found.append(int(process.name))
    return sorted(found)
