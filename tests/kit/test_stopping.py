"""A process that is asked to stop stops, however often and however fast it is asked."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

PROGRAM = """
from siyu.kit.stopping import StopRequest
request = StopRequest()
print("ready", flush=True)
request.wait()
print("stopping", flush=True)
while input() != "enough":
    pass
"""


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_a_storm_of_requests_stops_a_process_once(kind: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for _ in range(5000):
        process.send_signal(kind)
    out, _ = process.communicate("enough\n", timeout=10)
    assert (process.returncode, out) == (0, "stopping\n")
