"""Pure rules of the card: how names are cut for search and which fields two rows differ in."""

from __future__ import annotations

import re

MAX_GRAM_SOURCE = 64
_SPACE = re.compile(r"\s+")
_DIGITS = re.compile(r"[\s\-+]")


def normal_name(text: str) -> str:
    """A name as search compares it: case folded, without any space, at most 64 characters."""
    return _SPACE.sub("", text.casefold())[:MAX_GRAM_SOURCE]


def name_grams(name: str) -> list[str]:
    """Every run of one, two and three characters of a name, each once, sorted.

    Chinese names have no word breaks and the embedded PostgreSQL has no trigram extension, so substrings
    are found by these runs in a GIN index and then compared exactly.
    """
    text = normal_name(name)
    return sorted({text[i : i + n] for n in (1, 2, 3) for i in range(len(text) - n + 1)})


def query_grams(search: str) -> list[str]:
    """The runs that every name containing ``search`` has: its longest ones, three characters at most."""
    text = normal_name(search)
    size = min(3, len(text))
    return sorted({text[i : i + size] for i in range(len(text) - size + 1)}) if text else []


def phone_tail(masked: str) -> str:
    """The last four digits of a masked phone (138****4145 → 4145), or "" when they are not shown."""
    tail = masked[-4:]
    return tail if len(tail) == 4 and tail.isdigit() else ""


def as_phone(search: str) -> str:
    """``search`` as a whole mainland mobile number (11 digits), or "" when it is none."""
    digits = _DIGITS.sub("", search)
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    return digits if len(digits) == 11 and digits.isdigit() and digits.startswith("1") else ""
