"""Pieces of one size hold the same bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from siyu.kit.chunks import frames


@given(st.lists(st.binary(max_size=20), max_size=8), st.integers(1, 7))
def test_nothing_is_lost_and_only_the_last_is_shorter(chunks: list[bytes], size: int) -> None:
    found = list(frames(chunks, size))
    assert b"".join(found) == b"".join(chunks)
    assert all(len(one) == size for one in found[:-1])
    assert all(0 < len(one) <= size for one in found[-1:])
