"""Command line: `twin serve` and `twin config`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from twin.clock import parse_moment
from twin.company.build import config_json, new_state
from twin.run import serve
from twin.snapshot import read


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="twin", description="A simulated WeCom company (模拟企业微信). All data is invented."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    config = commands.add_parser("config", help="print company, applications, members as JSON")
    config.add_argument("--seed", type=int, default=1)
    run = commands.add_parser("serve", help="run the simulated company")
    run.add_argument("--port", type=int, default=8110, help="0 takes a free port")
    run.add_argument("--host", default="127.0.0.1")
    run.add_argument("--seed", type=int, default=1)
    run.add_argument("--state", type=Path, help="file that keeps everything between runs")
    run.add_argument("--start", help="first moment of a new world, ISO 8601; default: now")
    run.add_argument("--population", action="store_true", help="let people move from the start")
    run.add_argument("--rate", "--speed", type=float, default=1.0, help="how busy people are; 1 is the usual")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Entry point."""
    options = _parser().parse_args(arguments)
    if options.command == "config":
        print(config_json(options.seed))
        return 0
    kept: Path | None = options.state
    if kept is not None and kept.exists():
        state = read(kept)
        if state.seed != options.seed:
            print(
                f"twin: {kept} was made with --seed {state.seed}; use that seed or delete the file",
                file=sys.stderr,
            )
            return 2
        fresh = False
    else:
        start = parse_moment(options.start) if options.start else time.time()
        state = new_state(options.seed, start)
        state.offset = start - time.time()
        state.population.rate = options.rate
        fresh = True
    return serve(state, options.host, options.port, kept, population=options.population and fresh)


if __name__ == "__main__":
    sys.exit(main())
