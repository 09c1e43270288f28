"""The commands of the processes an installation is made of."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from siyu.config.supervisor.contracts import ProcessSpec


def siyu(*words: str) -> list[str]:
    """A ``siyu`` command, run by this interpreter."""
    return [sys.executable, "-c", "import sys; from siyu.config.cli import main; sys.exit(main())", *words]


def web(
    name: str, host: str, port: int, env: Mapping[str, str], *, processes: int = 1, threads: int = 8
) -> ProcessSpec:
    """The web pages, served by granian with one thread per request."""
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port),
        "--workers", str(processes), "--blocking-threads", str(threads), "--no-ws", "--http", "1",
        "--log-level", "error", "--respawn-failed-workers", "--workers-kill-timeout", "10",
        "siyu.config.web:application",
    ]  # fmt: skip
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    bracketed = f"[{shown}]" if ":" in shown else shown
    return ProcessSpec(name, command, env, ready_url=f"http://{bracketed}:{port}/readyz")


def worker(name: str, env: Mapping[str, str]) -> ProcessSpec:
    """The process that moves everything that waits."""
    return ProcessSpec(name, siyu("worker"), env)
