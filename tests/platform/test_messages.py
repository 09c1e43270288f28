"""Every text of the program reads well in Chinese: nothing missing, nothing half done."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import messages

_NAMED = re.compile(r"%\((\w+)\)[sdif.\d]|\{(\w*)\}")
PO_FILES = sorted(messages.SRC.rglob(f"locale/{messages.LANGUAGE}/LC_MESSAGES/*.po"))


def fillings(text: str) -> set[str]:
    """The names a text has filled in."""
    return {first or second for first, second in _NAMED.findall(text)}


def test_every_text_has_a_chinese_translation() -> None:
    lacking = messages.missing()
    shown = [
        f"{module.relative_to(messages.SRC)}: {len(texts)} such as {next(iter(texts.values())).singular!r}"
        for module, texts in sorted(lacking.items())
    ]
    assert not shown, "print them with: python scripts/messages.py\n" + "\n".join(shown)


def test_there_are_translations_at_all() -> None:
    assert len(PO_FILES) > 0


@pytest.mark.parametrize("file", PO_FILES, ids=lambda file: str(file.relative_to(messages.SRC)))
def test_translations_fill_in_the_same_names_and_are_chinese(file: Path) -> None:
    for message in messages.catalogue(file):
        if not message.id:
            continue
        many = isinstance(message.id, (list, tuple))
        source = message.id[-1] if many else message.id
        strings = [message.string] if isinstance(message.string, str) else list(message.string)
        assert not message.fuzzy, f"{source!r} is marked fuzzy"
        for string in strings:
            assert fillings(str(string)) <= fillings(str(source)), f"{source!r} → {string!r}"
            if not many:
                assert fillings(str(string)) == fillings(str(source)), f"{source!r} → {string!r}"


def test_the_extractor_sees_python_and_templates(tmp_path: Path) -> None:
    python = tmp_path / "a.py"
    python.write_text(
        "from django.utils.translation import gettext_lazy as _, ngettext\n"
        "A = _('Customer')\nB = ngettext('%(n)d order', '%(n)d orders', 2)\nC = print('not a text')\n"
    )
    assert [text.singular for text in messages.python_texts(python)] == ["Customer", "%(n)d order"]
    template = tmp_path / "a.html"
    template.write_text(
        '{% load i18n %}<a title="{% trans "Open" %}">{% blocktrans %}Hello {{ name }}{% endblocktrans %}</a>'
        '{% translate "State" context "order" %}'
    )
    list(messages.all_texts())  # configures Django where no settings are
    found = [(text.context, text.singular) for text in messages.template_texts(template)]
    assert found == [(None, "Open"), (None, "Hello %(name)s"), ("order", "State")]
