"""Every text a person reads has its Chinese, and the check is shown able to fail."""

from __future__ import annotations

from pathlib import Path

from scripts import messages


def test_every_message_is_translated() -> None:
    assert messages.problems(messages.ROOT) == []


def test_a_missing_and_an_unused_message_are_caught(tmp_path: Path) -> None:
    home = tmp_path / "siyu" / "records" / "staff"
    home.mkdir(parents=True)
    (home / "apps.py").write_text("")
    (home / "texts.py").write_text('from django.utils.translation import gettext as _\n_("Hello")\n')
    assert messages.problems(tmp_path) == ["siyu/records/staff: missing 'Hello'"]
    messages.write(tmp_path)
    assert messages.problems(tmp_path) == ["siyu/records/staff: untranslated 'Hello'"]
    (home / "texts.py").write_text("")
    assert messages.problems(tmp_path) == ["siyu/records/staff: unused 'Hello'"]
