"""One bench (or work on a kept brand) in one process: ``python -m benchmarks.harness.one NAME OUT.json``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path

from benchmarks.harness import machine
from benchmarks.harness.stage import Stage
from siyu.config.cli import django


def main() -> int:
    """Run the bench and write its rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("out", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--port", type=int, default=8220)
    parser.add_argument("--customers", type=int, help="the generated brand's size")
    parser.add_argument(
        "--settle", action="store_true", help="leave the kept brand as a bench should find it, first"
    )
    parser.add_argument("--mark", default="", help="what this run's keys begin with")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "siyu.config.settings")
    django.set_up()
    place = options.name if "." in options.name else f"benches.{options.name}"
    bench = import_module(f"benchmarks.{place}")
    stage = Stage(options.name, options.quick, options.port, options.customers, options.mark)
    if options.settle:
        import_module("benchmarks.kept.settle").settle()
    rows = bench.run(stage)
    load, memory = machine.load(), round(machine.peak_mb())
    kept = [
        replace(
            row, load=row.load if row.load is not None else load, customers=options.customers,
            measures={"peak_mb": memory, **row.measures},
        )
        for row in rows
    ]  # fmt: skip
    options.out.write_text(json.dumps([asdict(row) for row in kept], ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
