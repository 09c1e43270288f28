"""``siyu demo-step``: one step of the demo for one brand, in a process of its own; not for people."""

from __future__ import annotations

import argparse
import os
from importlib import import_module


def demo_step(options: argparse.Namespace) -> int:
    """Carry out ``prepare``, ``connect`` or ``check`` of ``siyu.config.demo``."""
    module = import_module("siyu.config.demo")
    step = getattr(module, options.step)
    answer = step() if options.step == "check" else step(os.environ["SIYU_BRAND"])
    return int(answer or 0)
