"""Who may open a route: every view declares one rule, and a view without one is closed.

A rule names the roles that may enter at all. What they see inside is a matter of scope, which the
query layer applies: an object outside the reader's scope answers 404, exactly like one that does
not exist. Routes that are open to strangers say why.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from django.urls import URLPattern, URLResolver, get_resolver

from siyu.foundation.api import Role

View = TypeVar("View", bound=Callable[..., Any])
_ATTRIBUTE = "siyu_rule"

ALL = frozenset(Role)
MANAGEMENT = frozenset({Role.OWNER, Role.LEAD})
OPERATIONS = MANAGEMENT | {Role.OPERATOR}
STORES = frozenset({Role.REGION_MANAGER, Role.STORE_MANAGER})
ADMINS = frozenset({Role.OWNER, Role.ADMIN})


@dataclass(frozen=True)
class Rule:
    """One route's rule: ``roles`` may enter; or it is ``open_because`` of the reason given.

    ``open_because`` covers doors that check by other means (a signed link, an API key, a signature)
    and the sign-in page itself; the reason is shown in the route list.
    """

    roles: frozenset[Role] = frozenset()
    open_because: str = ""
    demo_only: bool = False


@dataclass(frozen=True)
class Route:
    """One route of the URLconf with its rule, None where it declares none (and is closed)."""

    pattern: str
    name: str
    rule: Rule | None
    callback: Callable[..., Any]


def rule(
    *, roles: Collection[Role] | None = None, open_because: str = "", demo_only: bool = False
) -> Callable[[View], View]:
    """Declare who may open a view. Give ``roles`` or the reason why it is open, not both."""
    if bool(roles) == bool(open_because):
        raise ValueError("a rule names roles or says why the route is open")
    declared = Rule(frozenset(roles or ()), open_because, demo_only)

    def attach(view: View) -> View:
        setattr(view, _ATTRIBUTE, declared)
        return view

    return attach


def guard(patterns: Iterable[URLPattern | URLResolver], declared: Rule) -> list[URLPattern | URLResolver]:
    """Put one rule on every view under ``patterns`` (views made by a library or by a connector)."""
    guarded = list(patterns)
    for pattern, _ in _walk(guarded, ""):
        if rule_of(pattern.callback) is None:
            setattr(pattern.callback, _ATTRIBUTE, declared)
    return guarded


def rule_of(callback: Callable[..., Any]) -> Rule | None:
    """The rule a view declares; None closes it."""
    found = getattr(callback, _ATTRIBUTE, None)
    return found if isinstance(found, Rule) else None


def routes() -> list[Route]:
    """Every route of the installation's URLconf with its rule, in URLconf order."""
    return [
        Route(text, pattern.name or "", rule_of(pattern.callback), pattern.callback)
        for pattern, text in _walk(get_resolver().url_patterns, "/")
    ]


def _walk(patterns: Iterable[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[URLPattern, str]]:
    for pattern in patterns:
        text = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, text)
        else:
            yield pattern, text
