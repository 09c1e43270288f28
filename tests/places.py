"""Folders for installations of a test's own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def open_folder(prefix: str) -> Iterator[Path]:
    """A folder that any user may enter, gone at the end.

    A test's server may run as another user, who could not reach pytest's own folders: siyu would put the database
    elsewhere, where it stays, and another run of pytest would close the way to it in the middle.
    """
    with tempfile.TemporaryDirectory(prefix=prefix) as made:
        folder = Path(made)
        folder.chmod(0o755)
        yield folder
