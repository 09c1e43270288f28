"""Places for embedded servers of a test's own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from siyu.foundation.postgres import api as postgres


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder with a short name that any user may enter; a server in it is stopped at the end."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2 * 2**30
    made = Path(tempfile.mkdtemp(prefix="sy", dir=memory if roomy else None))
    made.chmod(0o755)
    yield made
    postgres.stop(made / "s")
    shutil.rmtree(made)


@pytest.fixture
def state(folder: Path) -> Path:
    """A data dir that does not exist yet."""
    return folder / "s"


@pytest.fixture
def as_root() -> None:
    """Some troubles can only be made by root; a run as an ordinary user says so in its closing lines."""
    if os.geteuid() != 0:
        pytest.skip("only root can make this trouble: run the suite as root as well")
