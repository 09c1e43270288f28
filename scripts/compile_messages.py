"""Compile every .po below src to .mo with Babel, so that no gettext tools are needed."""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

SRC = Path(__file__).resolve().parent.parent / "src"


def compile_one(po: Path) -> None:
    """Write the .mo beside ``po``; a broken file raises with its name and line."""
    with po.open("rb") as source:
        catalog = read_po(source, locale=po.parts[-3], abort_invalid=True)
    mo = po.with_suffix(".mo")
    part = mo.with_suffix(".mo.part")
    with part.open("wb") as target:
        write_mo(target, catalog)
    part.replace(mo)


def main() -> int:
    """Compile what is newer than its .mo; answer 1 when a file is broken."""
    failed = 0
    for po in sorted(SRC.rglob("locale/*/LC_MESSAGES/*.po")):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime_ns >= po.stat().st_mtime_ns:
            continue
        try:
            compile_one(po)
        except (PoFileError, ValueError, UnicodeDecodeError) as error:
            print(f"{po}: {error}", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
