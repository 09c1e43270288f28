"""``siyu backup`` and ``siyu restore``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.core.management import call_command

from siyu.config.backup import dump, load
from siyu.config.backup.container import BadBackup, Reader
from siyu.config.cli_language import _
from siyu.kit.errors import Conflict


def _passphrase(options: argparse.Namespace) -> str:
    if not options.passphrase_file:
        return ""
    return Path(options.passphrase_file).read_text().split("\n", 1)[0].strip()


def _progress() -> Callable[[str], None]:
    """Say what is at hand, every two seconds."""
    said = time.monotonic()

    def tell(text: str) -> None:
        nonlocal said
        if time.monotonic() - said > 2:
            said = time.monotonic()
            print(f"  {text}", flush=True)

    return tell


def backup(options: argparse.Namespace) -> int:
    """Write a backup; nothing is left under the name unless it is whole."""
    path = Path(options.file).resolve()
    if path.exists():
        print(_("%(file)s exists; choose another name.") % {"file": path}, file=sys.stderr)
        return 1
    began = time.monotonic()
    rows = dump.write(path, passphrase=_passphrase(options), progress=_progress())
    text = _("%(rows)d rows of %(tables)d tables in %(size).1f MB, %(seconds).1f s: %(file)s")
    print(
        text
        % {
            "rows": sum(rows.values()),
            "tables": len(rows),
            "size": path.stat().st_size / 1e6,
            "seconds": time.monotonic() - began,
            "file": path,
        }
    )
    if not options.passphrase_file:
        print(_("The file holds names and the key in clear: keep it where only you can read it."))
    return 0


def restore(options: argparse.Namespace) -> int:
    """Check the whole file, then fill this empty installation with it."""
    try:
        reader = Reader(Path(options.file), _passphrase(options))
        reader.verify()
    except FileNotFoundError:
        print(_("There is no file %(file)s.") % {"file": options.file}, file=sys.stderr)
        return 1
    except BadBackup as error:
        print(_refusals()[error.code], file=sys.stderr)
        return 1
    if options.check:
        print(_("The backup is whole, taken at %(at)s.") % {"at": reader.contents.about["taken_at"]})
        return 0
    call_command("migrate", verbosity=0)
    try:
        done = load.restore(reader, progress=_progress())
    except Conflict as error:
        print(_refusals()[error.code], file=sys.stderr)
        return 1
    finally:
        reader.close()
    text = _("Restored as of %(at)s: %(rows)d rows, %(files)d files; all checksums agree.")
    print(text % {"at": done.taken_at.isoformat(), "rows": done.rows, "files": done.files})
    print(_("Erased again since then: %(count)d people.") % {"count": done.erased_again})
    text = _(
        "%(journeys)d journeys are paused and %(messages)d unsent messages withdrawn, because nobody can say"
    )
    print(text % {"journeys": done.paused, "messages": done.withdrawn})
    print(_("what was sent after the backup. Look at them, then resume the journeys. Next: siyu up"))
    return 0


def _refusals() -> dict[str, str]:
    unchanged = _("Nothing was changed.")
    return {
        code: f"{text} {unchanged}"
        for code, text in {
            "cut": _("The backup is cut off: its end is missing. Use another copy."),
            "altered": _("The backup was altered: a checksum does not agree. Use another copy."),
            "format": _("This file is no backup of siyu."),
            "passphrase": _("The passphrase is missing or wrong: --passphrase-file FILE"),
            "restore.not_empty": _("This installation is in use. Restore into an empty one: SIYU_DATA_DIR=…"),
            "restore.other_brand": _(
                "The data folder has the key of another brand, which the backup's key would replace."
                " Restore into a folder of its own: SIYU_DATA_DIR=…"
            ),
            "restore.other_release": _("The backup was written by another release. Install that one first."),
            "restore.differs": _("What came in differs from what was saved, so it was taken back."),
        }.items()
    }
