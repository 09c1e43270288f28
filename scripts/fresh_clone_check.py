"""Try what a newcomer does: clone into an empty home, ``make demo``, look, Ctrl-C, again, without a network.

    python3 scripts/fresh_clone_check.py [--as root|user|both] [--port 8300] [--keep]

Prints how long each part took and fails (exit 1) when a page does not come, a second start takes ten seconds or more,
a process is left behind, or the second start needs a network. Run as root it also tries an ordinary user (made for
this, removed afterwards). Standard library only.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pwd
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
USER = "siyu-newcomer"
# How this machine reaches its package registries is part of the machine, not of the home.
KEPT = re.compile(
    r"^(PIP_|UV_|NPM_CONFIG_|SSL_CERT|NODE_EXTRA_CA|REQUESTS_CA|https?_proxy$|no_proxy$)", re.IGNORECASE
)
SECOND_START = 10.0
problems: list[str] = []


def say(text: str) -> None:
    print(text, flush=True)


def check(good: bool, text: str) -> None:
    """Print a line; remember it when it is bad."""
    say(f"  {'✓' if good else '✗'} {text}")
    if not good:
        problems.append(text)


def environment(home: Path) -> dict[str, str]:
    """That of a new user: an empty home, the usual path."""
    kept = {name: value for name, value in os.environ.items() if KEPT.match(name)}
    return kept | {"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


def loopback_up() -> None:
    """A new network namespace has its loopback down; this is `ip link set lo up`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, struct.pack("16sH", b"lo", 0x1 | 0x40))


class Newcomer:
    """One account with an empty home and a clone of its own."""

    def __init__(self, uid: int, gid: int, port: int) -> None:
        self.uid, self.gid, self.port = uid, gid, port
        self.box = Path(tempfile.mkdtemp(prefix="siyu-fresh-"))
        self.home = self.box / "home"
        self.clone = self.home / "siyu"
        self.home.mkdir(mode=0o700)
        os.chown(self.box, uid, gid)
        os.chown(self.home, uid, gid)

    def python(self) -> str:
        """A Python the account can run: root's own may lie in a closed home."""
        for name in ("python3.13", "python3.12", "python3.11", "python3"):
            found = shutil.which(name, path="/usr/local/bin:/usr/bin:/bin")
            if found:
                return found
        return sys.executable

    def run(self, *command: str) -> None:
        subprocess.run(
            command,
            check=True,
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            cwd=self.home,
            env=environment(self.home),
        )

    def demo(self, label: str, *, network: bool = True, kill: bool = False) -> float:
        """Start the demo, wait for its first page, look for what is left after its end; answer the seconds."""
        log = self.box / f"{label.replace(' ', '-')}.log"
        words = ["make", "demo", f"PORT={self.port}", f"PYTHON={self.python()}"]
        if not network:
            words = [
                "unshare",
                *([] if self.uid == 0 else ["-c", "--keep-caps"]),
                "-n",
                sys.executable,
                __file__,
                "--inside",
                *words,
            ]
            if self.uid:
                words[words.index(sys.executable)] = self.python()
        began = time.monotonic()
        with log.open("wb") as out:
            process = subprocess.Popen(
                words, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=self.clone, env=environment(self.home),
                start_new_session=True, user=self.uid, group=self.gid, extra_groups=[],
            )  # fmt: skip
        first = self._first_page(process, began) if network else None
        ready = self._wait(process, log, "The demo is ready", 300)
        seconds = time.monotonic() - began
        check(
            ready, f"{label}: ready after {seconds:.1f} s" + (f", first page {first:.1f} s" if first else "")
        )
        if not ready:
            say("\n".join("      " + line for line in log.read_text().splitlines()[-25:]))
        for line in re.findall(r"^  ✓ .*|^Ready in .*", log.read_text(), re.MULTILINE):
            say(f"      {line.strip()}")
        if network and ready:
            check(self._status("/") in (200, 302), f"{label}: the first page answers")
        if kill:
            os.kill(self._supervisor(process.pid), signal.SIGKILL)
        elif process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            check(False, f"{label}: did not end within 40 s of Ctrl-C")
        self._nothing_left(label)
        return seconds

    def forget_database(self) -> None:
        """Root's database may lie outside the home; leave nothing there."""
        code = (
            "import sys; from pathlib import Path; from siyu.foundation.postgres import api\n"
            "api.remove(Path(sys.argv[1]))"
        )
        python = self.clone / ".venv" / "bin" / "python"
        if python.exists():
            self.run(str(python), "-c", code, str(self.clone / ".siyu" / "demo"))

    def _supervisor(self, make: int) -> int:
        """The ``siyu`` process below the ``make`` that was started here, and no other."""
        parents: dict[int, int] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
        generation = [make]
        while generation:
            for pid in generation:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if b"demo" in command and any(part.endswith(b".venv/bin/siyu") for part in command):
                    return pid
            generation = [pid for pid, parent in parents.items() if parent in generation]
        raise RuntimeError("the supervisor was not found")

    def _status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def _first_page(self, process: subprocess.Popen[bytes], began: float) -> float | None:
        while time.monotonic() - began < 300 and process.poll() is None:
            if self._status("/healthz") == 200:
                return time.monotonic() - began
            time.sleep(0.2)
        return None

    def _wait(self, process: subprocess.Popen[bytes], log: Path, words: str, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if words in log.read_text(errors="replace"):
                return True
            if process.poll() is not None:
                return False
            time.sleep(0.1)
        return False

    def processes(self) -> list[str]:
        """Everything that runs out of this clone or on its data."""
        found = []
        marks = (os.fsencode(self.box), b"siyu-fresh-")
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes()
                place = os.fsencode(os.readlink(folder / "exe")) + os.fsencode(os.readlink(folder / "cwd"))
            except OSError:
                continue
            if command and int(folder.name) != os.getpid() and any(mark in command + place for mark in marks):
                found.append(
                    f"{folder.name} {command.replace(bytes(1), b' ').decode(errors='replace')[:120]}"
                )
        return found

    def _nothing_left(self, label: str) -> None:
        end = time.monotonic() + 20
        while self.processes() and time.monotonic() < end:
            time.sleep(0.1)
        left = self.processes()
        check(not left, f"{label}: nothing left running" + "".join(f"\n      {line}" for line in left))


def inside(words: list[str]) -> None:
    """In a network namespace of its own: only the loopback, then the command."""
    loopback_up()
    os.execvp(words[0], words)


def attempt(name: str, uid: int, gid: int, port: int, keep: bool) -> None:
    """The whole story of one account."""
    say(f"== {name}")
    newcomer = Newcomer(uid, gid, port)
    try:
        bundle = newcomer.box / "siyu.bundle"
        subprocess.run(["git", "-C", str(ROOT), "bundle", "create", "-q", str(bundle), "HEAD"], check=True)
        bundle.chmod(0o644)
        newcomer.run(
            "git", "-c", "advice.detachedHead=false", "clone", "-q", str(bundle), str(newcomer.clone)
        )
        newcomer.demo("first start")
        again = newcomer.demo("second start")
        check(again < SECOND_START, f"second start under {SECOND_START:.0f} s")
        newcomer.demo("third start, without a network", network=False)
        newcomer.demo("fourth start, supervisor killed with -9", kill=True)
    finally:
        newcomer.forget_database()
        if not keep:
            shutil.rmtree(newcomer.box, ignore_errors=True)


def main() -> int:
    """Parse the arguments and try the accounts."""
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--as", dest="who", choices=("root", "user", "both"), default="both")
    parser.add_argument("--port", type=int, default=8300)
    parser.add_argument("--keep", action="store_true", help="leave the clones and logs for a look")
    options = parser.parse_args()
    if os.geteuid() != 0:
        attempt("this user", os.getuid(), os.getgid(), options.port, options.keep)
    else:
        if options.who in ("root", "both"):
            attempt("root", 0, 0, options.port, options.keep)
        if options.who in ("user", "both"):
            subprocess.run(
                ["useradd", "--system", "--no-create-home", "--shell", "/bin/sh", USER], check=True
            )
            try:
                account = pwd.getpwnam(USER)
                attempt("ordinary user", account.pw_uid, account.pw_gid, options.port, options.keep)
            finally:
                subprocess.run(["userdel", USER], check=False)
    say("all good" if not problems else f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
