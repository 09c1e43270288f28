"""Array literals carry every value unchanged into PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siyu.foundation import api as foundation

ANY_TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)))


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.none() | ANY_TEXT | st.sampled_from(["NULL", "{}", ",", '"', "\\", '\\\\"', "'", "%s"]))
)
def test_texts(texts: list[str | None]) -> None:
    assert foundation.fetch("SELECT %s::text[]", [foundation.array(texts)]) == [(texts,)]


@pytest.mark.django_db
def test_other_kinds() -> None:
    moment = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
    row = foundation.fetch(
        "SELECT %s::bytea[], %s::bigint[], %s::boolean[], %s::timestamptz[]",
        [
            foundation.array(values)
            for values in ([b"\x00\xff", b""], [-3, None], [True, False], [moment, None])
        ],
    )[0]
    assert [bytes(item) for item in row[0]] == [b"\x00\xff", b""]
    assert row[1:] == ([-3, None], [True, False], [moment, None])
    with pytest.raises(TypeError):
        foundation.array([1.5])
