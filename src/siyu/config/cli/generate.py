"""``siyu generate``."""

from __future__ import annotations

import argparse
import sys

from django.core.management import call_command

from siyu.config.cli_language import _
from siyu.config.generate.main import generate as fill
from siyu.config.generate.plan import Plan
from siyu.kit import clock


def generate(options: argparse.Namespace) -> int:
    """Fill an empty brand with invented data, showing how far it is."""
    if options.customers < 100 or options.facts < options.customers * 4:
        print(_("At least 100 customers, and four facts for each."), file=sys.stderr)
        return 2
    call_command("migrate", verbosity=0)

    def say(text: str, seconds: float) -> None:
        print(f"{seconds:7.1f} s  {text}", flush=True)

    fill(Plan(options.customers, options.facts), at=clock.business_now(), say=say)
    print(_("Done. Everything in this brand is invented."))
    return 0
