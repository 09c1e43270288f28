"""pytest plugin: gives each run an embedded PostgreSQL of its own, before Django's settings are read.

State lies in ``SIYU_TEST_STATE`` or a folder of the temp dir that belongs to this checkout, and is kept between
runs. Runs at the same time take different slots (databases) of one server. ``SIYU_DATABASE_URL`` overrides.
The test database is made anew when a migration changed or the last run was cut off (it may have left rows
behind, and a server without fsync forgets when the machine stops), else ``--reuse-db`` keeps it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from siyu.foundation.postgres import api as postgres

ROOT = Path(__file__).resolve().parents[2]
SLOTS = 8
_held: list[int] = []
_clean = pytest.StashKey[bool]()  # the database was left clean by the run before, or made anew by this one


def state_folder() -> Path:
    """Where the state of tests lies."""
    if os.environ.get("SIYU_TEST_STATE"):
        return Path(os.environ["SIYU_TEST_STATE"])
    key = hashlib.sha256(str(ROOT).encode()).hexdigest()[:10]
    return Path(tempfile.gettempdir()) / f"siyu-test-{os.geteuid()}-{key}"


def take_slot(state: Path) -> int:
    """The first slot no other run holds; the kernel gives it back when this process ends."""
    for slot in range(SLOTS):
        fd = os.open(state / f"slot{slot}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            continue
        _held.append(fd)
        return slot
    raise pytest.UsageError(f"{SLOTS} test runs of this checkout are going on already")


def migrations_digest() -> str:
    """Changes whenever a migration file does."""
    total = hashlib.sha256()
    for file in sorted((ROOT / "src").glob("**/migrations/*.py")):
        total.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return total.hexdigest()


def stamp_text() -> str:
    """What a database that can be used again was made from."""
    return migrations_digest() + os.environ.get("SIYU_DATABASE_URL", "")


def prepare_environment() -> Path:
    """Runs when the plugin is loaded, which is before pytest-django reads the settings."""
    state = state_folder()
    state.mkdir(parents=True, exist_ok=True)
    slot = take_slot(state)
    os.environ["SIYU_DATA_DIR"] = str(state)
    os.environ["LC_ALL"] = "C.UTF-8"  # the command line speaks English unless a test asks otherwise
    os.environ["SIYU_BRAND"] = f"t{slot}"
    return state


_state = prepare_environment()
# There while the database is known to be clean.
STAMP = _state / f"migrations-{os.environ['SIYU_BRAND']}.stamp"
_embedded = not os.environ.get("SIYU_DATABASE_URL")


def pytest_configure(config: pytest.Config) -> None:
    """Start the server, unless nothing will be run; forget a test database made by other migrations."""
    if config.option.help or config.option.version:
        return
    if _embedded:
        try:
            postgres.ensure_running(_state, profile=postgres.Profile.TESTS)
        except postgres.PostgresTrouble as trouble:
            raise pytest.UsageError(str(trouble)) from trouble
    if STAMP.exists() and STAMP.read_text() == stamp_text():
        config.stash[_clean] = True
    else:
        config.option.create_db = True
    STAMP.unlink(missing_ok=True)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, Any, Any]:
    """Notice when the database has been made anew."""
    made = yield
    if fixturedef.argname == "django_db_setup":
        request.config.stash[_clean] = True
    return made


def pytest_unconfigure(config: pytest.Config) -> None:
    """This run came to its end, so its database can be used again; let the server go (its guard stops it)."""
    if config.stash.get(_clean, False):
        STAMP.write_text(stamp_text())
    if _embedded and not (config.option.help or config.option.version):
        postgres.release(_state)
