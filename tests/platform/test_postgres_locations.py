"""Where state and database are, from the environment alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from siyu.foundation.postgres import api as postgres
from siyu.foundation.postgres import rules


def test_state_goes_where_the_environment_says(tmp_path: Path) -> None:
    assert postgres.data_dir({"SIYU_DATA_DIR": str(tmp_path)}) == tmp_path


def test_state_goes_into_the_checkout_by_default() -> None:
    top = postgres.checkout()
    assert top is not None
    assert postgres.data_dir({"HOME": "/nowhere"}) == top / ".siyu"


def test_settings_are_computed_without_touching_the_disk(folder: Path) -> None:
    settings = postgres.connection_settings(folder / "s", "jewellery")
    assert settings["NAME"] == "siyu_jewellery"
    assert settings["HOST"] == str(folder / "s" / "postgres" / "run")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("brand", ["", "Main", "a-b", "x; drop", "1a"])
def test_a_brand_that_cannot_name_a_database_is_refused(brand: str) -> None:
    with pytest.raises(ValueError, match="SIYU_BRAND"):
        postgres.database_name(brand)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://ann:p%40ss@db.example:5433/shop?sslmode=require",
            {"NAME": "shop", "USER": "ann", "PASSWORD": "p@ss", "HOST": "db.example", "PORT": "5433"},
        ),
        (
            "postgres:///shop?host=/var/run/postgresql",
            {"NAME": "shop", "USER": "", "PASSWORD": "", "HOST": "/var/run/postgresql", "PORT": ""},
        ),
    ],
)
def test_a_database_of_ones_own_by_address(url: str, expected: dict[str, str]) -> None:
    found = postgres.settings_from_url(url)
    assert {name: found[name] for name in expected} == expected
    assert found.get("OPTIONS", {}) == ({"sslmode": "require"} if "sslmode" in url else {})


@pytest.mark.parametrize("url", ["mysql://a/b", "postgresql://host", "nonsense"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="SIYU_DATABASE_URL"):
        postgres.settings_from_url(url)


@pytest.mark.parametrize(("memory_gb", "buffers"), [(0.25, 64), (2, 256), (24, 512), (512, 512)])
def test_buffers_follow_the_memory(memory_gb: float, buffers: int) -> None:
    assert rules.shared_buffers_mb(int(memory_gb * 2**30)) == buffers
