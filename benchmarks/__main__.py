"""``python -m benchmarks [--only NAME …] [--quick]``: measure, print a table, keep the figures as JSON.

``--customers N`` measures on a generated brand of that size, ``--grow`` on several, and draws how each cost grows.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.harness import runner


def main() -> int:
    """Run what was asked for; 1 when a bench could not be run (a missed aim is a figure, not a failure)."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", choices=runner.NAMES, help=", ".join(runner.NAMES)
    )
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes: shows that it runs, measures nothing"
    )
    parser.add_argument("--port", type=int, default=8220, help="first port to try (default: %(default)s)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--customers", type=int, metavar="N", help="on a brand of N customers, generated once and kept"
    )
    where.add_argument(
        "--grow", type=int, nargs="*", metavar="N",
        help=f"on brands of each of these sizes (default: {' '.join(map(str, runner.SIZES))}), then draw the growth",
    )  # fmt: skip
    where.add_argument("--draw", action="store_true", help="draw the growth from the figures kept so far")
    parser.add_argument(
        "--in-place",
        action="store_true",
        help="use kept brands themselves, also those small enough to be copied",
    )
    return runner.run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
