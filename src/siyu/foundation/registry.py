"""Typed registries: what a lower module must use but only a higher one knows.

A registry lives in the lowest module that calls it, is filled by ``config`` at start-up and then
frozen, so that nothing changes behavior while requests run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Named items of one type; each name once; closed by ``freeze``."""

    _all: list[Registry[object]] = []

    def __init__(self, name: str) -> None:
        self.name = name
        self._items: dict[str, T] = {}
        self._frozen = False
        Registry._all.append(self)  # type: ignore[arg-type]  # a list of registries of any item type

    def register(self, key: str, item: T) -> None:
        """Add ``item`` under ``key``. Raises RuntimeError after freeze or for a second item of that name."""
        if self._frozen:
            raise RuntimeError(f"registry {self.name} is frozen; register {key!r} from a wiring module")
        if key in self._items and self._items[key] is not item:
            raise RuntimeError(f"registry {self.name} already has {key!r}")
        self._items[key] = item

    def get(self, key: str) -> T:
        """The item named ``key``; KeyError names the registry."""
        try:
            return self._items[key]
        except KeyError:
            raise KeyError(f"registry {self.name} has no {key!r}") from None

    def find(self, key: str) -> T | None:
        """The item named ``key`` or None."""
        return self._items.get(key)

    def items(self) -> Iterator[tuple[str, T]]:
        """All items in order of registration."""
        return iter(self._items.items())

    def __contains__(self, key: str) -> bool:
        return key in self._items

    def __len__(self) -> int:
        return len(self._items)

    def freeze(self) -> None:
        """Refuse any further registration."""
        self._frozen = True

    @classmethod
    def freeze_all(cls) -> None:
        """Freeze every registry of the process (called once by discovery)."""
        for registry in cls._all:
            registry.freeze()
