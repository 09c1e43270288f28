"""Command line of the crash proof."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from proof import run
from proof.site import Site, free_pair, running

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Run once and check everything; 0 only if every invariant holds."""
    parser = argparse.ArgumentParser(prog="python -m proof", description=__doc__)
    parser.add_argument("--size", default="ci", help="tiny, ci, full, or a number of simulated days")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, help="first of two ports (default: two free ones)")
    parser.add_argument("--state", type=Path, default=ROOT / ".state" / "proof")
    parser.add_argument("--harsh", action="store_true", help="far more unclear answers, silent for 11 s")
    parser.add_argument("--check-only", action="store_true", help="check the last run again")
    parser.add_argument(
        "--break", dest="broken", help="with --check-only: break one thing first, or each (all)"
    )
    parser.add_argument(
        "--sabotage",
        default="",
        metavar="NAME,…",
        help="let the house itself be wrong, and see it caught (all)",
    )
    options = parser.parse_args(arguments)
    size = run.SIZES.get(options.size) or run.Size(float(options.size), 3600)
    site = Site(options.state, options.port or free_pair(), options.seed)
    if options.sabotage:
        site.sabotage = options.sabotage
        with running(site):
            return run.sabotaged(site, size, options.size)
    with running(site):
        if options.check_only:
            run.open_again(site)
        else:
            run.empty(options.state)
            told = run.perform(site, size, options.size, harsh=options.harsh)
            print(told.line())
        return run.check(site, options.broken)


if __name__ == "__main__":
    sys.exit(main())
