"""Find every text of the sources that is translated, and those a module's .po files lack.

``python scripts/messages.py`` prints what is missing as .po entries, to be pasted into the module's file.
Python is read as a syntax tree, templates through Django's own ``templatize``; no gettext tools are needed.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import django
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
LANGUAGE = "zh_Hans"
# Name of the function → positions of (context, singular, plural).
FUNCTIONS: dict[str, tuple[int | None, int, int | None]] = {
    "gettext": (None, 0, None),
    "gettext_lazy": (None, 0, None),
    "gettext_noop": (None, 0, None),
    "ngettext": (None, 0, 1),
    "ngettext_lazy": (None, 0, 1),
    "pgettext": (0, 1, None),
    "pgettext_lazy": (0, 1, None),
    "npgettext": (0, 1, 2),
    "npgettext_lazy": (0, 1, 2),
}
SOURCES = ("django.utils.translation", "siyu.config.cli_language", "gettext")
_STRING = r"u?r?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
_CALL = re.compile(rf" (n?p?gettext|_)\({_STRING}(?:, {_STRING})?(?:, {_STRING})?(?:, ?count)?\) ")


@dataclass(frozen=True)
class Text:
    """One translated text and where it stands."""

    context: str | None
    singular: str
    plural: str | None
    file: Path
    line: int


def python_texts(file: Path) -> Iterator[Text]:
    """Texts of a Python file, through whatever names it gives gettext's functions."""
    tree = ast.parse(file.read_text(), str(file))
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in SOURCES:
            for alias in node.names:
                original = "gettext" if alias.name == "_" else alias.name
                names[alias.asname or alias.name] = original
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        name = names.get(called, called if isinstance(node.func, ast.Attribute) else "")
        if name in FUNCTIONS:
            found = _positions(name, node.args)
            if found is not None:
                yield Text(*found, file, node.lineno)


def _positions(name: str, arguments: list[ast.expr]) -> tuple[str | None, str, str | None] | None:
    context, singular, plural = FUNCTIONS[name]

    def at(position: int | None) -> str | None:
        if position is None or position >= len(arguments):
            return None
        value = arguments[position]
        return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None

    text = at(singular)
    return None if not text else (at(context), text, at(plural))


def template_texts(file: Path) -> Iterator[Text]:
    """Texts of a Django template."""
    source = templatize(file.read_text(), origin=str(file))
    for number, line in enumerate(source.split("\n"), 1):
        for call in _CALL.finditer(f" {line} "):
            strings = [ast.literal_eval(part) for part in call.groups()[1:] if part]
            name = "gettext" if call[1] == "_" else call[1]
            context, singular, plural = FUNCTIONS[name]
            yield Text(
                strings[context] if context is not None else None,
                strings[singular],
                strings[plural] if plural is not None and plural < len(strings) else None,
                file,
                number,
            )


def module_of(file: Path) -> Path:
    """The folder whose ``locale`` belongs to this file: siyu/<group>/<module>, siyu/config, siyu/kit, twin."""
    parts = file.relative_to(SRC).parts
    if parts[0] != "siyu" or len(parts) < 3:
        return SRC / parts[0]
    depth = 2 if parts[1] in ("config", "kit") else 3
    return SRC.joinpath(*parts[: min(depth, len(parts) - 1)])


def all_texts() -> Iterator[Text]:
    """Every text of the sources."""
    if not settings.configured:
        settings.configure(USE_I18N=True)
        django.setup()
    for file in sorted(SRC.rglob("*.py")):
        if "migrations" not in file.parts:
            yield from python_texts(file)
    for kind in ("*.html", "*.txt"):
        for file in sorted(SRC.rglob(f"templates/**/{kind}")):
            yield from template_texts(file)


def catalogue(file: Path) -> Catalog:
    """One .po file."""
    with file.open("rb") as stream:
        return read_po(stream, locale=LANGUAGE, abort_invalid=True)


def translated() -> dict[tuple[str | None, str], str]:
    """Everything the .po files of siyu and of Django's own apps say in Chinese."""
    files = sorted(SRC.rglob(f"locale/{LANGUAGE}/LC_MESSAGES/*.po"))
    own = Path(django.__file__).parent
    files += sorted(own.glob(f"**/locale/{LANGUAGE}/LC_MESSAGES/django.po"))
    found: dict[tuple[str | None, str], str] = {}
    for file in files:
        for message in catalogue(file):
            key = message.id[0] if isinstance(message.id, (tuple, list)) else message.id
            text = message.string if isinstance(message.string, str) else "".join(message.string[:1])
            if key and text and not message.fuzzy:
                found[(message.context, key)] = text
    return found


def missing() -> dict[Path, dict[tuple[str | None, str], Text]]:
    """By module: the texts without a Chinese translation."""
    have = translated()
    lacking: dict[Path, dict[tuple[str | None, str], Text]] = defaultdict(dict)
    for text in all_texts():
        key = (text.context, text.singular)
        if key not in have:
            lacking[module_of(text.file)].setdefault(key, text)
    return lacking


def quoted(text: str) -> str:
    """As a .po file writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def entry(text: Text) -> str:
    """An empty .po entry for the text."""
    lines = [f"#: {text.file.relative_to(SRC)}:{text.line}"]
    if text.context:
        lines.append(f"msgctxt {quoted(text.context)}")
    lines.append(f"msgid {quoted(text.singular)}")
    if text.plural:
        lines += [f"msgid_plural {quoted(text.plural)}", 'msgstr[0] ""']
    else:
        lines.append('msgstr ""')
    return "\n".join(lines)


def main() -> int:
    """Print what is missing, module by module."""
    lacking = missing()
    for module, texts in sorted(lacking.items()):
        print(f"# ---- {module.relative_to(SRC)}/locale/{LANGUAGE}/LC_MESSAGES/django.po")
        for text in texts.values():
            print(entry(text) + "\n")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
