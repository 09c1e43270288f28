"""``python -m benchmarks [--only NAME …] [--quick]``: measure, print a table, keep the figures as JSON."""

from __future__ import annotations

import argparse
import sys

from benchmarks.harness import runner


def main() -> int:
    """Run what was asked for; 1 when a bench could not be run (a missed aim is a figure, not a failure)."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", choices=runner.NAMES, help=", ".join(runner.NAMES)
    )
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes: shows that it runs, measures nothing"
    )
    parser.add_argument("--port", type=int, default=8220, help="first port to try (default: %(default)s)")
    parser.add_argument("--customers", type=int, help="size of the brand that `pages` looks at")
    return runner.run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
