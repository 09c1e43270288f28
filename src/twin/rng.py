"""Reproducible chance: a generator per question, so that order of asking never matters."""

from __future__ import annotations

import hashlib
import random
import string

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def rng(seed: int, *key: object) -> random.Random:
    """A random generator fixed by the seed and the name of the question asked."""
    return random.Random(":".join(map(str, (seed, *key))))


def poisson(source: random.Random, mean: float) -> int:
    """A Poisson number by Knuth's method; `mean` is small here (below 10)."""
    limit = 2.718281828459045**-mean
    count, product = 0, source.random()
    while product > limit:
        count += 1
        product *= source.random()
    return count


def name_of(seed: int, *key: object, length: int, alphabet: str = ALNUM) -> str:
    """A fixed string of `length` characters that looks random, for ids and secrets."""
    number = 0
    for block in range(length // 40 + 1):
        digest = hashlib.sha512(":".join(map(str, (seed, *key, block))).encode()).digest()
        number = (number << 512) | int.from_bytes(digest, "big")
    letters: list[str] = []
    for _ in range(length):
        number, index = divmod(number, len(alphabet))
        letters.append(alphabet[index])
    return "".join(letters)
