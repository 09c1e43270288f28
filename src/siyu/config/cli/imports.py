"""``siyu import``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from siyu.config.cli_language import _
from siyu.connectors.commerce import api as commerce
from siyu.kit import clock


def orders(options: argparse.Namespace) -> int:
    """Import an order file in this process, showing how far it is; bad rows are set aside with reasons."""
    path = Path(options.file)
    if not path.is_file():
        print(_("There is no file %(file)s.") % {"file": path}, file=sys.stderr)
        return 2
    known = {preset.name for preset in commerce.presets()}
    if options.preset not in known:
        text = _("No preset is called %(name)s. Presets: %(known)s")
        print(text % {"name": options.preset, "known": ", ".join(sorted(known))}, file=sys.stderr)
        return 2
    mapping = dict(pair.split("=", 1) for pair in options.map if "=" in pair)
    if len(mapping) != len(options.map):
        print(_("--map reads FIELD=COLUMN."), file=sys.stderr)
        return 2
    return _preview(path, options, mapping) if options.preview else _import(path, options, mapping)


def _import(path: Path, options: argparse.Namespace, mapping: dict[str, str]) -> int:
    shown = [time.monotonic()]

    def progress(status: commerce.ImportStatus) -> None:
        if time.monotonic() - shown[0] >= 2:
            shown[0] = time.monotonic()
            print(
                _("  … %(rows)d rows, %(share)d %%")
                % {"rows": status.rows_written, "share": status.share * 100}
            )

    began = time.monotonic()
    status = commerce.import_file_cli(
        path,
        options.preset,
        at=clock.business_now(),
        mapping=mapping or None,
        data_set=options.data_set,
        shift_days=options.shift_days,
        progress=progress,
    )
    text = _(
        "%(read)d rows read in %(seconds).1f s: %(new)d new orders, %(changed)d changed, %(same)d known already, "
        "%(bad)d rows set aside."
    )
    print(
        text
        % {
            "read": status.rows_read,
            "seconds": time.monotonic() - began,
            "new": status.orders_new,
            "changed": status.orders_changed,
            "same": status.orders_same,
            "bad": status.rows_bad,
        }
    )
    if status.rows_bad:
        print(_("The rows set aside, with reasons, can be downloaded from the import's page."))
    if status.state is not commerce.ImportState.DONE:
        print(status.error, file=sys.stderr)
        return 1
    return 0


def _preview(path: Path, options: argparse.Namespace, mapping: dict[str, str]) -> int:
    """What an import would do with the first rows; nothing is written but the uploaded copy."""
    at = clock.business_now()
    with path.open("rb") as stream:
        file_id = commerce.upload(iter(lambda: stream.read(1 << 20), b""), path.name, at=at)
    found = commerce.preview(
        file_id,
        preset=options.preset,
        at=at,
        mapping=mapping or None,
        data_set=options.data_set,
        shift_days=options.shift_days,
    )
    print(f"{found.format}, {found.encoding}")
    for field, column in found.mapping.items():
        print(f"  {field} ← {column}")
    for row in found.rows[:10]:
        print(f"  {row.row_no}: {row.problem or dict(row.parsed)}")
    for problem in found.problems:
        print(problem)
    return 1 if found.missing else 0
