"""One page of a longer list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Items ``(number-1)*size …`` of ``total``; ``total`` may be a lower bound where ``capped``."""

    items: Sequence[T]
    total: int
    number: int = 1
    size: int = 50
    capped: bool = False

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.size))
