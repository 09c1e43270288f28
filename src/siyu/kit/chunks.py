"""Streams of bytes in pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def frames(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of ``size``; only the last may be shorter, and none is empty."""
    pending = bytearray()
    for chunk in chunks:
        pending += chunk
        while len(pending) >= size:
            yield bytes(pending[:size])
            del pending[:size]
    if pending:
        yield bytes(pending)
