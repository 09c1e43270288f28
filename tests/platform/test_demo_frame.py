"""What runs where in the demo; the demo itself is walked by the flows and by scripts/fresh_clone_check.py."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from siyu.config.cli import demo
from siyu.config.supervisor.ports import free_port
from siyu.foundation.postgres import api as postgres


@pytest.fixture
def first_port() -> int:
    return free_port("127.0.0.1", 19000)


def test_a_second_demo_is_told_where_the_first_one_is(tmp_path: Path, first_port: int) -> None:
    with demo._only_one(tmp_path) as running:
        assert running == ""
        layout = demo._choose_ports(tmp_path, first_port)
        assert layout is not None
        code = (
            "import sys; from pathlib import Path; from siyu.config.cli import demo\n"
            "with demo._only_one(Path(sys.argv[1])) as running: print(running)"
        )
        other = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
        )
        assert other.stdout.strip() == layout.url("jewellery")
    with demo._only_one(tmp_path) as running:
        assert running == ""


def test_taken_ports_are_passed_over_and_no_two_are_the_same(
    tmp_path: Path, first_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first_port))
        taken.listen()
        layout = demo._choose_ports(tmp_path, first_port)
    assert layout is not None
    assert len(set(layout.ports.values())) == 3
    assert first_port not in layout.ports.values()
    assert f"Port {first_port} is in use" in capsys.readouterr().out


def test_each_brand_has_a_database_and_a_clock_of_its_own(tmp_path: Path, first_port: int) -> None:
    layout = demo._choose_ports(tmp_path, first_port)
    assert layout is not None
    seen = [layout.env(brand) for brand in demo.BRANDS]
    for name in ("SIYU_BRAND", "SIYU_SELF_URL", "SIYU_CLOCK_FILE"):
        assert len({env[name] for env in seen}) == len(demo.BRANDS)
    assert len({env["SIYU_TWIN_URL"] for env in seen}) == 1


def test_other_ports_mean_that_brands_are_prepared_anew(tmp_path: Path) -> None:
    ports = {"jewellery": 1, "cdnow": 2, "twin": 3}
    first = demo._fingerprint(demo.Layout(tmp_path, ports))
    assert first == demo._fingerprint(demo.Layout(tmp_path, dict(ports)))
    assert first != demo._fingerprint(demo.Layout(tmp_path, ports | {"twin": 4}))


def test_reset_removes_everything(state: Path) -> None:
    postgres.ensure_running(state, profile=postgres.Profile.TESTS)
    for name in ("twin.json", "prepared.stamp", "demo.lock"):
        (state / name).write_text("x")
    (state / "files").mkdir()
    (state / "files" / "a").write_text("x")
    demo._remove(state)
    assert [entry.name for entry in state.iterdir()] == ["demo.lock"]
    assert postgres.status(state).state is postgres.State.ABSENT
