"""Asking and waiting while the database or a process may be down."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import httpx
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection

T = TypeVar("T")


class NeverQuiet(Exception):
    """Something went on for ever, or hangs."""


def asked(question: Callable[[], T]) -> T | None:
    """An answer of the database, or None while it is down."""
    try:
        close_old_connections()
        return question()
    except DatabaseError:
        connection.close()
        return None


def wait(over: Callable[[], bool], seconds: float, tick: Callable[[], None]) -> bool:
    """Until it is over or the time is; True when it is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        tick()
        try:
            if over():
                return True
        except httpx.TransportError:
            pass
        time.sleep(0.03)
    return False
