"""Run Django's commands, with the embedded database started where they need one."""

from __future__ import annotations

import gc
import os

import django as django_package
from django.core.management import execute_from_command_line
from django.utils import translation

from siyu.config.cli_language import django_language
from siyu.foundation.postgres import api as postgres

# These look at files only.
WITHOUT_DATABASE = {
    "check", "collectstatic", "compilemessages", "diffsettings", "findstatic", "help", "makemessages", "startapp",
    "startproject", "version",
}  # fmt: skip


def prepare_database() -> postgres.ServerInfo | None:
    """Start the embedded server and make this brand's database; None with a PostgreSQL of one's own."""
    url = os.environ.get("SIYU_DATABASE_URL")
    if url:
        postgres.settings_from_url(url)  # says what an address looks like
        postgres.check_own(url)
        return None
    data = postgres.data_dir()
    info = postgres.ensure_running(data)
    postgres.create_database(data, postgres.database_name(os.environ.get("SIYU_BRAND") or "main"))
    return info


def set_up() -> None:
    """Start database and Django for a command that uses the modules."""
    prepare_database()
    django_package.setup()
    gc.freeze()  # what is loaded stays; the collector need not walk over it for every chunk of work
    translation.activate(django_language())


def run(words: list[str]) -> None:
    """Hand the words over to Django."""
    if words[0] not in WITHOUT_DATABASE and "--help" not in words and "-h" not in words:
        prepare_database()
    execute_from_command_line(["siyu", *words])
