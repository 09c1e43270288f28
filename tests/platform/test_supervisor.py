"""The supervisor: starts again what crashes, and leaves nothing behind, however it ends itself."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from siyu.config.supervisor import ports

# Two children; the first has a grandchild, as a web server has. Each writes its number into a file.
PROGRAM = """
import sys
from siyu.config.supervisor.contracts import ChildFailed, ProcessSpec, Stopping
from siyu.config.supervisor.supervisor import Supervisor
folder = sys.argv[1]
PARENT = '''
import os, subprocess, sys, time
open(sys.argv[1] + "/parent", "w").write(str(os.getpid()))
child = subprocess.Popen(["sleep", "300"])
open(sys.argv[1] + "/grandchild", "w").write(str(child.pid))
print("hello", flush=True)
time.sleep(300)
'''
with Supervisor() as supervisor:
    supervisor.start(ProcessSpec("parent", [sys.executable, "-c", PARENT, folder]))
    supervisor.start(ProcessSpec("plain", ["sleep", "300"]))
    try:
        supervisor.wait_ready()
        supervisor.say("ready")
        code = supervisor.run()
    except (Stopping, ChildFailed) as reason:
        supervisor.say(repr(reason))
        code = 3
sys.exit(code)
"""


def wait_for(condition: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def number(file: Path) -> int:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return 0


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    log = (tmp_path / "log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        stdout=log,
        stderr=log,
        text=True,
        start_new_session=True,
    )
    wait_for(lambda: number(tmp_path / "grandchild") > 0)
    wait_for(lambda: "hello" in (tmp_path / "log").read_text())
    yield process
    for name in ("parent", "grandchild"):
        if alive(number(tmp_path / name)):
            os.kill(number(tmp_path / name), signal.SIGKILL)
    process.kill()
    process.wait()
    log.close()


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_stop_ends_everything(running: subprocess.Popen[str], tmp_path: Path, kind: int) -> None:
    running.send_signal(kind)
    assert running.wait(20) == 0
    wait_for(lambda: not alive(number(tmp_path / "parent")) and not alive(number(tmp_path / "grandchild")))
    assert "parent | hello" in (tmp_path / "log").read_text()


def test_the_kernel_ends_the_children_of_a_killed_supervisor(
    running: subprocess.Popen[str], tmp_path: Path
) -> None:
    running.kill()
    wait_for(lambda: not alive(number(tmp_path / "parent")))


def test_a_crashed_child_is_started_again_and_its_own_children_are_ended(
    running: subprocess.Popen[str], tmp_path: Path
) -> None:
    parent, grandchild = number(tmp_path / "parent"), number(tmp_path / "grandchild")
    os.kill(parent, signal.SIGKILL)
    wait_for(lambda: number(tmp_path / "parent") not in (0, parent))
    wait_for(lambda: not alive(grandchild))
    assert alive(running.pid)
    log = (tmp_path / "log").read_text()
    assert "-9" in log
    assert "parent" in log


def test_a_process_that_never_starts_ends_the_whole_with_its_name(tmp_path: Path) -> None:
    program = PROGRAM.replace('["sleep", "300"])', '["false"], ready_url="http://127.0.0.1:9/")')
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 3
    assert "plain ended with code 1" in result.stdout
    wait_for(lambda: not alive(number(tmp_path / "parent")))


def test_a_taken_port_is_seen_with_its_holder_and_the_next_is_free() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not ports.is_free("127.0.0.1", port)
        assert f"pid {os.getpid()}" in (ports.holder(port) or "")
        found = ports.free_port("127.0.0.1", port)
        assert port < found < port + 200
        assert ports.free_port("127.0.0.1", port, {found}) > found
    assert ports.is_free("127.0.0.1", port)
    assert ports.holder(port) is None


def test_readiness_is_asked_over_http(tmp_path: Path) -> None:
    port = ports.free_port("127.0.0.1", 18120)
    serve = f'[sys.executable, "-m", "http.server", "{port}", "--bind", "127.0.0.1"], '
    program = PROGRAM.replace('["sleep", "300"])', serve + f'ready_url="http://127.0.0.1:{port}/")')
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=log, stderr=log)
    wait_for(lambda: "ready" in (tmp_path / "log").read_text().splitlines())
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
        assert answer.status == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert ports.is_free("127.0.0.1", port)
