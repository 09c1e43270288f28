"""``siyu doctor``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from importlib import import_module

from siyu.config.cli_language import _
from siyu.foundation.postgres import api as postgres

from . import database, environment, needs, state
from .contracts import Finding, Level, wrong

SIGNS = {Level.GOOD: "✓", Level.NOTE: "·", Level.WRONG: "✗"}


def doctor(options: argparse.Namespace) -> int:
    """Print every finding; 1 when something is to be mended."""
    count = 0
    for finding in findings(port=options.port, tests=options.tests):
        print(f"{SIGNS[finding.level]} {finding.what}")
        if finding.mend:
            print(f"    → {finding.mend}")
        count += finding.level is Level.WRONG
    print(_("%(count)d to mend") % {"count": count} if count else _("All is well."))
    return 1 if count else 0


def findings(*, port: int, tests: bool) -> Iterator[Finding]:
    """Everything looked at, from the ground up; a broken part does not keep the others from being seen."""
    data = postgres.data_dir()
    url = os.environ.get("SIYU_DATABASE_URL")
    yield from environment.look()
    yield from state.look(data, port)
    answers = True
    for finding in database.look(data, url, os.environ.get("SIYU_BRAND") or "main"):
        answers &= finding.level is Level.GOOD
        yield finding
    if answers:
        yield from _inside()
    if tests:
        yield from needs.look()


def _inside() -> Iterator[Finding]:
    try:
        import_module("siyu.config.cli.django").set_up()
        yield from import_module("siyu.config.doctor.work").look()
    except Exception as error:
        text = _("The program itself does not load: %(error)s")
        yield wrong(text % {"error": f"{type(error).__name__}: {error}"}, "make setup")
