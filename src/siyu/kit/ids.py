"""Identifiers made in Python: time-ordered UUIDs and unguessable tokens."""

from __future__ import annotations

import secrets
import ssl
import time
import uuid


def uuid7() -> uuid.UUID:
    """A time-ordered UUID, version 7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then random bits."""
    return uuid.UUID(int=_uuid7())


def new_id() -> str:
    """``uuid7`` as 32 hexadecimal digits."""
    return f"{_uuid7():032x}"


def random_bytes(length: int) -> bytes:
    """Unpredictable bytes from OpenSSL's generator, which the system seeds and a fork reseeds.

    Unlike ``os.urandom`` it does not go to the system each time, which gives up the interpreter's lock: among
    busy threads that is a queue for a few bytes.
    """
    return ssl.RAND_bytes(length)


def _uuid7() -> int:
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(random_bytes(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    return value & ~(0x3 << 62) | 0x2 << 62


def new_token(length: int = 24) -> str:
    """An unguessable token of ``length`` characters from a-z, A-Z, 0-9 (about 5.95 bits each)."""
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return "".join(secrets.choice(alphabet) for _ in range(length))
