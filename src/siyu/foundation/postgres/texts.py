"""Pick English or Chinese before Django is up, by the reader's locale."""

from __future__ import annotations

import os
from collections.abc import Mapping


def reads_chinese(environ: Mapping[str, str] | None = None) -> bool:
    """Whether the locale of this environment is a Chinese one (LC_ALL before LC_MESSAGES before LANG)."""
    found = os.environ if environ is None else environ
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if found.get(name):
            return found[name].lower().startswith("zh")
    return False


def localized(english: str, chinese: str) -> str:
    """Return the text in the reader's language."""
    return chinese if reads_chinese() else english
