"""``siyu worker``: one more worker, for an installation that runs elsewhere or under another supervisor."""

from __future__ import annotations

import argparse

from siyu.config import worker as work


def worker(_options: argparse.Namespace) -> int:
    """Run until SIGTERM or Ctrl-C."""
    return work.main()
