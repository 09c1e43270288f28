"""Fixtures of the connectors' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.wecom_kit import Twin


@pytest.fixture(scope="session")
def twin_process() -> Iterator[Twin]:
    """One twin process for the whole run."""
    twin = Twin()
    yield twin
    twin.stop()


@pytest.fixture
def twin(twin_process: Twin) -> Iterator[Twin]:
    """The twin without faults and without receivers."""
    twin_process.post("/twin/faults", reset=True)
    twin_process.post("/twin/callback", app="siyu", url="")
    yield twin_process
    twin_process.post("/twin/callback", app="siyu", url="")
