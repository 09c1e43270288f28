"""Keep each module's Chinese messages in step with its code, without gettext installed.

python scripts/messages.py            say what is missing, unused or untranslated; exit 1 if anything is
python scripts/messages.py --write    add new message ids (untranslated) and drop unused ones
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[1] / "src"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
Key = tuple[str | None, str]


def homes(root: Path) -> list[Path]:
    """Folders that own messages: every module, foundation and facts as one each, and config."""
    found = [file.parent for file in root.glob("siyu/*/*/apps.py")]
    return sorted({*found, root / "siyu" / "config", root / "siyu" / "foundation", root / "siyu" / "kit"})


def owner(file: Path, folders: list[Path]) -> Path | None:
    """The innermost home of a file."""
    inside = [folder for folder in folders if folder in file.parents]
    return max(inside, key=lambda folder: len(folder.parts)) if inside else None


def messages_in(file: Path) -> Iterator[Message]:
    """Messages of one Python file or template."""
    source = file.read_bytes()
    if file.suffix in (".html", ".txt"):
        source = templatize(source.decode(), origin=str(file)).encode()
    else:
        ast.parse(source)
    for line, ids, _comments, context in extract("python", BytesIO(source), keywords=KEYWORDS):
        yield Message(ids, locations=[(file.name, line)], context=context)


def wanted(root: Path) -> dict[Path, dict[Key, Message]]:
    """By home: every message its code uses."""
    folders = homes(root)
    result: dict[Path, dict[Key, Message]] = {folder: {} for folder in folders}
    for pattern in ("**/*.py", "**/templates/**/*.html", "**/templates/**/*.txt"):
        for file in sorted(root.glob(f"siyu/{pattern}")):
            home = owner(file, folders)
            if home is None or "migrations" in file.parts:
                continue
            for message in messages_in(file):
                result[home].setdefault(key_of(message), message)
    return result


@cache
def argparse_messages() -> frozenset[Key]:
    """What the command line's library says; ``config`` may translate it."""
    return frozenset(key_of(message) for message in messages_in(Path(argparse.__file__)))


def key_of(message: Message) -> Key:
    """What tells two messages apart."""
    return message.context, message.id if isinstance(message.id, str) else message.id[0]


def po_file(home: Path) -> Path:
    """The Chinese messages of a home."""
    return home / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


def load(home: Path) -> Catalog:
    """The catalogue as it is, or an empty one."""
    file = po_file(home)
    if not file.exists():
        return Catalog(locale="zh_Hans")
    with file.open("rb") as stream:
        return read_po(stream, locale="zh_Hans")


def problems(root: Path) -> list[str]:
    """Everything missing, unused, untranslated or wrongly translated."""
    found = []
    for home, messages in wanted(root).items():
        name = home.relative_to(root)
        have = {key_of(message): message for message in load(home) if message.id}
        found += [f"{name}: missing {key[1]!r}" for key in messages if key not in have]
        found += [
            f"{name}: unused {key[1]!r}"
            for key in have
            if key not in messages and key not in argparse_messages()
        ]
        for key, message in have.items():
            text = message.string if isinstance(message.string, str) else "".join(message.string)
            if key in messages and not text:
                found.append(f"{name}: untranslated {key[1]!r}")
            elif key in messages and message.fuzzy:
                found.append(f"{name}: fuzzy {key[1]!r}")
            found += [f"{name}: {key[1]!r}: {error}" for error in message.check()]
    return found


def write(root: Path) -> None:
    """Bring every .po in step: new ids untranslated, unused ones gone, translations kept."""
    for home, messages in wanted(root).items():
        have = {key_of(message): message for message in load(home) if message.id}
        if not messages and not have:
            continue
        catalog = Catalog(
            locale="zh_Hans",
            charset="utf-8",
            fuzzy=False,
            header_comment="# Chinese messages of this module.",
        )
        messages |= {key: message for key, message in have.items() if key in argparse_messages()}
        for key in sorted(messages, key=lambda item: (item[1].lower(), item[0] or "")):
            message = messages[key]
            old = have.get(key)
            string = old.string if old else ("",) if isinstance(message.id, tuple) else ""
            catalog.add(message.id, string, context=message.context)
        file = po_file(home)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as stream:
            write_po(stream, catalog, width=100, no_location=True, omit_header=False, sort_output=False)
        lines = file.read_text().splitlines(keepends=True)
        dropped = (
            "POT-Creation-Date",
            "PO-Revision-Date",
            "Generated-By",
            "Last-Translator",
            "Language-Team",
            "Report-Msgid",
            "Project-Id",
        )
        file.write_text("".join(line for line in lines if not any(f'"{word}' in line for word in dropped)))


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if not settings.configured:
        settings.configure(USE_I18N=False)
    if options.write:
        write(ROOT)
    found = problems(ROOT)
    print("\n".join(found) or "All messages are translated.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
