"""Finds the modules of the house and wires them together.

A module is a package ``siyu/<group>/<module>`` with an ``apps.py``. What it declares (``contracts.FACTS``,
``subscribers.SUBSCRIPTIONS``, ``jobs.JOBS`` and ``LOOPS``, ``settings.SETTINGS``, ``inbox.SOURCES``,
``wiring.wire``, ``door.door``) is registered once at start-up; then every registry is frozen.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from django.urls import URLPattern, URLResolver, include, path

from siyu.config import ports
from siyu.config.modules import modules
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.interfaces.ui.api import Rule, guard


def _parts(name: str) -> Iterator[ModuleType]:
    """The sub-module ``name`` of every module that has one."""
    for module in modules():
        if find_spec(f"{module}.{name}") is not None:
            yield importlib.import_module(f"{module}.{name}")


@cache
def wire() -> None:
    """Fill all registries from the modules and freeze them; once a process."""
    for part in _parts("contracts"):
        for fact in getattr(part, "FACTS", ()):
            facts.CATALOGUE.register(fact.name, fact)
    for part in _parts("settings"):
        for setting in getattr(part, "SETTINGS", ()):
            foundation.SETTINGS.register(setting.key, setting)
    for part in _parts("wiring"):
        connect: Callable[[], None] = part.wire
        connect()
    ports.wire()
    for part in _parts("subscribers"):
        for subscription in getattr(part, "SUBSCRIPTIONS", ()):
            facts.SUBSCRIPTIONS.register(subscription.name, subscription)
        for source in getattr(part, "SOURCES", ()):
            facts.SOURCES.register(source.prefix, source)
    for part in _parts("jobs"):
        for job in getattr(part, "JOBS", ()):
            foundation.JOBS.register(job.name, job)
        for loop in getattr(part, "LOOPS", ()):
            foundation.LOOPS.register(loop.name, loop)
    _check()
    foundation.Registry.freeze_all()


def _check() -> None:
    """Every subscribed fact is in the catalogue."""
    for name, subscription in facts.SUBSCRIPTIONS.items():
        if unknown := sorted(fact for fact in subscription.facts if fact not in facts.CATALOGUE):
            raise RuntimeError(f"subscription {name} names facts that nobody declares: {', '.join(unknown)}")


def behind_doors(application: Any) -> Any:
    """The WSGI application behind the ``door.door`` of every module that answers some requests before Django."""
    for part in _parts("door"):
        application = part.door(application)
    return application


def urlpatterns() -> list[URLPattern | URLResolver]:
    """Routes of every module with a ``urls.py``, under its ``MOUNT``; longer mounts first."""
    found = sorted(_parts("urls"), key=lambda part: -len(part.MOUNT))
    for part in found:
        if part.__name__.startswith("siyu.connectors."):
            guard(
                part.urlpatterns,
                Rule(open_because="an outside system; its signature is checked by the connector"),
            )
    return [path(part.MOUNT, include(part.__name__)) for part in found]
