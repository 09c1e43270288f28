"""``siyu demo``: two brands and a simulated WeCom company under one supervisor.

What a brand is filled with is in ``siyu.config.demo``; here is what runs where. Each brand has its own database,
clock and ports on one embedded server, in the folder ``demo`` of the place of all state. The steps of
``siyu.config.demo`` run in processes of their own, with the brand in their environment:

``prepare(brand)``  after the migrations, before the web pages serve
``connect(brand)``  once web, worker and twin serve
``check()``         for --check, in the brand that lives with the twin; its answer is the exit code

All three find ``SIYU_BRAND``, ``SIYU_SELF_URL`` (the brand's own pages), ``SIYU_TWIN_URL`` and ``SIYU_CLOCK_FILE`` set,
may be run again, and may leave ``<brand>.json`` in ``SIYU_DATA_DIR``: {"title": …, "sign_ins": [{"label", "path"}]}.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from siyu.config.cli import processes
from siyu.config.cli.up import choose_port, start_database, stop_database
from siyu.config.cli_language import _
from siyu.config.supervisor.contracts import ChildFailed, ProcessSpec, Stopping
from siyu.config.supervisor.supervisor import Supervisor
from siyu.foundation.postgres import api as postgres

BRANDS = ("jewellery", "cdnow")
HOST = "127.0.0.1"
SEED = 1
SOURCE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Layout:
    """Where everything of this run is."""

    data: Path
    ports: dict[str, int]  # one each for the brands and for "twin"
    hurried: bool = False  # days are played: a brand looks for work more often

    def url(self, name: str) -> str:
        """Address of a brand's pages or of the twin."""
        return f"http://{HOST}:{self.ports[name]}"

    def env(self, brand: str) -> dict[str, str]:
        """What a brand's processes find in their environment."""
        return {
            "SIYU_BRAND": brand,
            "SIYU_SELF_URL": self.url(brand),
            "SIYU_TWIN_URL": self.url("twin"),
            "SIYU_CLOCK_FILE": str(self.data / f"{brand}.clock"),
            "SIYU_DEMO": "1",
            "SIYU_IDLE_SECONDS": "0.02" if self.hurried and brand == BRANDS[0] else "0.05",
            "SIYU_LOG_LEVEL": os.environ.get("SIYU_LOG_LEVEL", "WARNING"),
        }

    def steps(self, step: str) -> list[ProcessSpec]:
        """One process per brand that carries a step of ``siyu.config.demo`` out."""
        return [ProcessSpec(brand, processes.siyu("demo-step", step), self.env(brand)) for brand in BRANDS]


def demo(options: argparse.Namespace) -> int:
    """Set up what is missing, run everything, print where it is, stay."""
    data = postgres.data_dir() / "demo"
    # Children read the place from here; an installation's own database is never touched by the demo.
    os.environ["SIYU_DATA_DIR"] = str(data)
    os.environ.pop("SIYU_DATABASE_URL", None)
    data.mkdir(parents=True, exist_ok=True)
    with _only_one(data) as running:
        if running:
            print(_("The demo is running already: %(url)s") % {"url": running}, file=sys.stderr)
            return 1
        if options.reset:
            _remove(data)
        layout = _choose_ports(data, options.port, hurried=options.check)
        if layout is None:
            return 1
        try:
            return _run(layout, check=options.check)
        except Stopping:
            return 0
        except ChildFailed as failure:
            if failure.name == CHECK:
                return failure.code
            text = _("%(name)s did not work; its last lines say why. Start over: siyu demo --reset")
            print(text % {"name": failure.name}, file=sys.stderr)
            return 1
        finally:
            stop_database()


CHECK = ""  # the check prints a table of its own, without a name before each line


@contextmanager
def _only_one(data: Path) -> Iterator[str]:
    """Hold the demo's lock; yields the address of the one that is running, if there is one."""
    with (data / "demo.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            yield lock.read().strip() or "?"
            return
        yield ""


def _remove(data: Path) -> None:
    """Back to the first state: nothing is left but the lock we hold."""
    postgres.remove(data)
    for entry in data.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != "demo.lock":
            entry.unlink()


def _choose_ports(data: Path, first: int, *, hurried: bool = False) -> Layout | None:
    ports: dict[str, int] = {}
    for number, name in enumerate((*BRANDS, "twin")):
        port = choose_port(HOST, None, first + number, set(ports.values()))
        if port is None:
            return None
        ports[name] = port
    layout = Layout(data, ports, hurried)
    (data / "demo.lock").write_text(layout.url(BRANDS[0]))
    return layout


def _fingerprint(layout: Layout) -> str:
    """Changes when a brand has to be prepared anew: other ports, other migrations, another demo."""
    total = hashlib.sha256(repr(sorted(layout.ports.items())).encode())
    for pattern in ("siyu/**/migrations/*.py", "siyu/config/demo*.py", "siyu/config/demo/**/*.py"):
        for file in sorted(SOURCE.glob(pattern)):
            total.update(file.read_bytes())
    return total.hexdigest()


def _run(layout: Layout, *, check: bool) -> int:
    began = time.monotonic()
    stamp = layout.data / "prepared.stamp"
    wanted = _fingerprint(layout)  # of what is prepared now: sources may change while it runs
    prepared = stamp.exists() and stamp.read_text() == wanted
    with Supervisor(watch=start_database(list(BRANDS))) as supervisor:
        state = ["--seed", str(SEED), "--state", str(layout.data / "twin.json")]
        command = [sys.executable, "-m", "twin", "serve", "--port", str(layout.ports["twin"]), *state]
        supervisor.start(ProcessSpec("twin", command, ready_url=f"{layout.url('twin')}/twin/health"))
        if not prepared:
            migrate = [ProcessSpec(b, processes.siyu("migrate", "-v", "0"), layout.env(b)) for b in BRANDS]
            supervisor.run_once(migrate, _("database tables"))
            supervisor.wait_ready(label=_("simulated WeCom company"))
            supervisor.run_once(layout.steps("prepare"), _("two brands"))
        for brand in BRANDS:
            supervisor.start(
                processes.web(f"{brand} web", HOST, layout.ports[brand], layout.env(brand), threads=4)
            )
            supervisor.start(processes.worker(f"{brand} worker", layout.env(brand)))
        supervisor.wait_ready(label=_("web pages"))
        if not prepared:
            supervisor.run_once(layout.steps("connect"), _("connections"))
            stamp.write_text(wanted)
        for line in _welcome(layout, time.monotonic() - began):
            supervisor.say(line)
        if check:
            supervisor.run_once(
                [ProcessSpec(CHECK, processes.siyu("demo-step", "check"), layout.env(BRANDS[0]))]
            )
            return 0
        return supervisor.run()


def _welcome(layout: Layout, seconds: float) -> Sequence[str]:
    lines = ["", _("The demo is ready after %(seconds).1f s.") % {"seconds": seconds}]
    for brand in BRANDS:
        told = layout.data / f"{brand}.json"
        about = json.loads(told.read_text()) if told.exists() else {}
        lines.append(f"  {about.get('title', brand)}: {layout.url(brand)}/demo/")
        lines += [
            f"    {way['label']}: {layout.url(brand)}{way['path']}" for way in about.get("sign_ins", [])
        ]
    lines.append(
        "  " + _("Simulated WeCom company (play a customer): %(url)s/") % {"url": layout.url("twin")}
    )
    lines.append("  " + _("All people and goods of the first brand are invented. Ctrl-C stops everything."))
    return lines
