"""One supervised process: its own session and group, its output line by line under its name."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from .contracts import ProcessSpec

LAUNCH = str(Path(__file__).with_name("launch.py"))
# A process that ran this long was healthy: its next crash starts from the shortest pause again.
HEALTHY_SECONDS = 30.0
LONGEST_PAUSE = 30.0
SETTLED_SECONDS = 5.0
# Nothing outside this machine is asked here, whatever proxy the environment names.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Child:
    """A process that is started again when it ends by itself."""

    def __init__(self, spec: ProcessSpec, write: Callable[[str, str], None]) -> None:
        self.spec = spec
        self.ready = False
        self.served = False  # was ready at least once
        self.crashes = 0
        self.start_at = 0.0  # monotonic; when the next start is due
        self._write = write
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    def start(self) -> None:
        """Start it now, from the main thread (the kernel ends it when that thread ends)."""
        command = [sys.executable, "-I", "-S", LAUNCH, str(os.getpid()), *self.spec.command]
        self._process = subprocess.Popen(
            command, env={**os.environ, **self.spec.env}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self._started = time.monotonic()
        self.ready = False
        threading.Thread(target=self._pump, args=(self._process,), daemon=True).start()

    @property
    def pid(self) -> int | None:
        """The process number while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    def _pump(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            return
        with process.stdout as lines:
            for line in lines:
                self._write(self.spec.name, line.decode(errors="replace").rstrip("\n"))

    def ended(self) -> int | None:
        """Its exit code, once it has ended; what is left of its group is ended too."""
        if self._process is None:
            return None
        code = self._process.poll()
        if code is not None:
            self._signal(signal.SIGKILL)
            self._process = None
        return code

    def crashed(self) -> float:
        """Note a crash; answer how many seconds to wait before the next start."""
        lived = time.monotonic() - self._started
        self.crashes = 1 if lived > HEALTHY_SECONDS else self.crashes + 1
        # Without an address to ask, having lived a while is the best sign there is.
        self.served = self.served or (self.spec.ready_url is None and lived > SETTLED_SECONDS)
        pause = min(0.5 * float(1 << min(self.crashes - 1, 10)), LONGEST_PAUSE)
        self.start_at = time.monotonic() + pause
        self.ready = False
        return pause

    def check_ready(self) -> bool:
        """Ask it once whether it serves."""
        if self.ready or self._process is None:
            return self.ready
        if self.spec.ready_url is None:
            self.ready = True
            return True
        try:
            with _direct.open(self.spec.ready_url, timeout=2) as answer:
                self.ready = self.served = answer.status == 200
        except (OSError, urllib.error.URLError, ValueError):
            self.ready = False
        return self.ready

    def ask_to_stop(self) -> None:
        """Ask it, and it alone, to end; it ends its own children."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it and everything in its group."""
        self._signal(signal.SIGKILL)

    def _signal(self, kind: signal.Signals) -> None:
        if self._process is not None:
            try:
                os.killpg(self._process.pid, kind)
            except (ProcessLookupError, PermissionError):
                pass
