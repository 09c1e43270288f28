"""Start processes, start them again when they crash, end them all on Ctrl-C.

Nothing stays behind: each process has a group of its own, which is ended with it, and the kernel ends the
processes when the supervisor itself is killed.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType

from siyu.config.cli_language import _

from .child import Child
from .contracts import ChildFailed, ProcessSpec, Stopping

ROUND_SECONDS = 0.1
STOP_SECONDS = 15.0
# So many ends before it ever served, and it is not going to. Once it has served it is started for ever.
HOPELESS = 3
COLOURS = (36, 33, 35, 32, 34, 31)


class Progress:
    """Shows that something is going on, for whatever takes over two seconds."""

    def __init__(self, label: str, say: Callable[[str], None]) -> None:
        self._label = label
        self._say = say
        self._began = time.monotonic()
        self._shown = 0

    def tick(self) -> None:
        """Say so every three seconds."""
        passed = time.monotonic() - self._began
        if self._label and passed >= 3 * (self._shown + 1):
            self._shown += 1
            self._say(f"  … {self._label} {passed:.0f} s")

    def done(self) -> None:
        """Say how long it took."""
        if self._label:
            self._say(f"  ✓ {self._label}  {time.monotonic() - self._began:.1f} s")


class Supervisor:
    """Use as a context manager: whatever happens inside, all processes have ended after it."""

    def __init__(self, *, watch: Callable[[], None] | None = None) -> None:
        self._children: list[Child] = []
        self._watch = watch
        self._watched = 0.0
        self._asked = 0.0
        self._force = False
        self._lock = threading.Lock()
        self._tty = sys.stdout.isatty()
        self._before: dict[int, object] = {}

    def __enter__(self) -> Supervisor:
        for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._before[kind] = signal.signal(kind, self._on_signal)
        return self

    def __exit__(self, *_details: object) -> None:
        self.stop_all()
        for kind, handler in self._before.items():
            signal.signal(kind, handler)  # type: ignore[arg-type]  # as it was given by signal itself

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        # A terminal and make may both pass on one Ctrl-C; only a later second one means "at once".
        if self._asked and now - self._asked > 1:
            self._force = True
        self._asked = self._asked or now

    def say(self, text: str) -> None:
        """A line of the supervisor's own."""
        self._write("", text)

    def _write(self, name: str, line: str) -> None:
        with self._lock:
            try:
                if not name:
                    print(line, flush=True)
                    return
                names = [child.spec.name for child in self._children]
                width = max((len(other) for other in names), default=0)
                prefix = f"{name:<{width}} |"
                if self._tty and name in names:
                    prefix = f"\033[{COLOURS[names.index(name) % len(COLOURS)]}m{prefix}\033[0m"
                print(prefix, line, flush=True)
            except (BrokenPipeError, ValueError):  # nobody reads any more; the processes still run
                pass

    def start(self, spec: ProcessSpec) -> None:
        """Start one more process."""
        child = Child(spec, self._write)
        self._children.append(child)
        child.start()

    def wait_ready(self, seconds: float = 120, *, label: str = "") -> None:
        """Until every process serves; Stopping on Ctrl-C, ChildFailed when one cannot be started."""
        end = time.monotonic() + seconds
        progress = Progress(label, self.say)
        while [child for child in self._children if not child.check_ready()]:
            self._round()
            progress.tick()
            if time.monotonic() > end:
                slow = next(child for child in self._children if not child.ready)
                raise ChildFailed(slow.spec.name, -1)
        progress.done()

    def run_once(self, specs: Sequence[ProcessSpec], label: str = "") -> None:
        """Run commands to their end, side by side; ChildFailed when one does not end well."""
        progress = Progress(label, self.say)
        children = [Child(spec, self._write) for spec in specs]
        try:
            for child in children:
                child.start()
            waiting = list(children)
            while waiting:
                self._round()
                progress.tick()
                for child in list(waiting):
                    code = child.ended()
                    if code is not None:
                        waiting.remove(child)
                        if code:
                            raise ChildFailed(child.spec.name, code)
            progress.done()
        finally:
            _end(children, lambda: self._force)

    def run(self, task: Callable[[], int] | None = None) -> int:
        """Keep everything running until Ctrl-C (0), or until ``task`` ends in its own thread (its answer)."""
        answer: list[int] = []
        thread = None
        if task is not None:
            work = task
            thread = threading.Thread(target=lambda: answer.append(work()), daemon=True)
            thread.start()
        try:
            while thread is None or thread.is_alive():
                self._round()
                for child in self._children:
                    child.check_ready()
        except Stopping:
            return 0 if task is None else 130
        return answer[0] if answer else 1

    def _round(self) -> None:
        """One look at everything."""
        if self._asked:
            raise Stopping
        now = time.monotonic()
        for child in self._children:
            code = child.ended()
            if code is not None:
                pause = child.crashed()
                if child.crashes >= HOPELESS and not child.served:
                    raise ChildFailed(child.spec.name, code)
                self.say(
                    _("%(name)s ended with code %(code)s; starting again in %(pause).1f s")
                    % {"name": child.spec.name, "code": code, "pause": pause}
                )
            if child.pid is None and now >= child.start_at:
                child.start()
        if self._watch is not None and now - self._watched > 1:
            self._watched = now
            self._watch()
        time.sleep(ROUND_SECONDS)

    def stop_all(self) -> None:
        """Ask all to end, wait, end what is left."""
        _end(self._children, lambda: self._force)
        self._children.clear()


def _end(children: Sequence[Child], force: Callable[[], bool]) -> None:
    for child in reversed(children):
        child.ask_to_stop()
    end = time.monotonic() + STOP_SECONDS
    left = [child for child in children if child.pid is not None]
    while left and time.monotonic() < end and not force():
        left = [child for child in left if child.ended() is None and child.pid is not None]
        time.sleep(0.02)
    for child in left:
        child.kill()
        child.ended()
