"""The command line's language: Chinese where the locale is Chinese, else English; works before Django is up."""

from __future__ import annotations

import argparse
import gettext
from pathlib import Path

from siyu.foundation.postgres.api import reads_chinese

LOCALE = Path(__file__).resolve().parent / "locale"


def _translation() -> gettext.NullTranslations:
    languages = ["zh_Hans"] if reads_chinese() else ["en"]
    return gettext.translation("django", LOCALE, languages=languages, fallback=True)


_catalogue = _translation()


def _(text: str) -> str:
    """The text in the reader's language."""
    return _catalogue.gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    """As gettext's, in the reader's language."""
    return _catalogue.ngettext(one, many, number)


def teach_argparse() -> None:
    """Let argparse speak the same language; it offers no other way than its own module's names."""
    for name, function in (("_", _), ("ngettext", ngettext)):
        setattr(argparse, name, function)


def django_language() -> str:
    """The same choice as Django names it."""
    return "zh-hans" if reads_chinese() else "en"
