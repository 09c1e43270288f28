"""Fixtures: a fresh twin per test, a receiver, and a platform that takes order facts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.twin.twin_process import Platform, Receiver, Twin, end_all


@pytest.fixture(autouse=True)
def no_orphans() -> Iterator[None]:
    """A failed test leaves no process behind."""
    yield
    end_all()


@pytest.fixture
def twin() -> Iterator[Twin]:
    running = Twin()
    yield running
    running.kill()


@pytest.fixture
def receiver(twin: Twin) -> Iterator[Receiver]:
    listening = Receiver(twin)
    yield listening
    listening.close()


@pytest.fixture
def platform() -> Iterator[Platform]:
    listening = Platform()
    yield listening
    listening.close()
