"""How much of everything a generated brand has; pure."""

from __future__ import annotations

from dataclasses import dataclass

MONTHS = 36
GROWTH = 1.6
MANY_FACTS = 10_000
"""One person has this many facts, so that the longest page can be looked at."""


@dataclass(frozen=True)
class Plan:
    """Sizes. Facts are: each customer created, friends added, stewards assigned, tags, orders, and page views."""

    customers: int
    facts: int

    @property
    def stores(self) -> int:
        """One store for about 8,000 customers."""
        return max(3, min(300, self.customers // 8_000))

    @property
    def employees(self) -> int:
        """One clerk for about 1,000 customers."""
        return max(6, min(3_000, self.customers // 1_000))

    @property
    def orders(self) -> int:
        """About a seventh of all facts."""
        return self.facts * 15 // 100

    @property
    def deliveries(self) -> int:
        """One message for every second customer."""
        return self.customers // 2

    def reached(self, total: int, month: int) -> int:
        """How many of ``total`` there are by the end of a month: growing as a brand grows."""
        return int(total * ((month + 1) / MONTHS) ** GROWTH) if month >= 0 else 0
