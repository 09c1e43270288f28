"""What a checker answers."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Verdict:
    """How many things were looked at, and what is wrong with which."""

    says: str
    checked: int = 0
    violations: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    name: str = ""

    def expect(self, good: bool, violation: str) -> None:
        """Look at one thing."""
        self.checked += 1
        if not good:
            self.violations.append(violation)

    @property
    def holds(self) -> bool:
        """Nothing wrong, and there was something to look at."""
        return not self.violations and self.checked > 0
