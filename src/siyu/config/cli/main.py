"""Entry point of ``siyu``: own commands here, everything else is Django's.

Nothing heavy is imported before it is known what is wanted: help and ``siyu doctor`` work on a broken installation.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from siyu.config.cli_language import _, teach_argparse
from siyu.foundation.postgres.api import PostgresTrouble
from siyu.kit.errors import SiyuError

OWN = (
    "up", "demo", "import", "apikey", "account", "backup", "restore", "doctor", "generate", "worker", "demo-step",
)  # fmt: skip
# These import tables, so Django and its database are started before they are loaded.
NEEDS_DJANGO = (
    "siyu.config.cli.demo_step",
    "siyu.config.cli.access",
    "siyu.config.cli.backup",
    "siyu.config.cli.generate",
    "siyu.config.cli.imports",
    "siyu.config.cli.worker",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the answer is the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "siyu.config.settings")
    try:
        if words and words[0] not in OWN and not words[0].startswith("-") and words != ["help"]:
            _load("siyu.config.cli.django", "run")(words)
            return 0
        options = parser().parse_args([] if words == ["help"] else words)
        if options.command is None:
            parser().print_help()
            return 0
        module, function = options.run
        if module in NEEDS_DJANGO:
            _load("siyu.config.cli.django", "set_up")()
        answer: int = _load(module, function)(options)
        return answer
    except (PostgresTrouble, SiyuError) as expected:
        print(f"siyu: {expected}", file=sys.stderr)
        return 1
    except ValueError as error:
        if "SIYU_" not in str(error):
            raise
        print(f"siyu: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _load(module: str, function: str) -> Callable[..., Any]:
    """A function of a module that is loaded only now."""
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found


def parser() -> argparse.ArgumentParser:
    """All commands with their help, in the reader's language."""
    teach_argparse()
    top = argparse.ArgumentParser(
        prog="siyu",
        description=_("siyu: a self-hosted platform for a brand's private domain."),
        epilog=_(
            "Any other word is a Django command, such as migrate, shell or changepassword (list: siyu help --commands). "
            "Environment: SIYU_DATA_DIR is the place of all state, SIYU_DATABASE_URL a PostgreSQL of your own, "
            "SIYU_BRAND the brand."
        ),
    )
    commands = top.add_subparsers(dest="command", metavar=_("command"), title=_("commands"))
    _add_running(commands)
    _add_data(commands)
    return top


def _add_running(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    up = commands.add_parser("up", help=_("run the installation: web, worker and database; Ctrl-C stops all"))
    up.add_argument("--host", default="127.0.0.1", help=_("address to listen on (default: %(default)s)"))
    up.add_argument("--port", type=int, help=_("port of the web pages (default: 8000, or the next free one)"))
    up.add_argument(
        "--workers", type=int, default=1, help=_("number of web processes (default: %(default)s)")
    )
    up.set_defaults(run=("siyu.config.cli.up", "up"))
    demo = commands.add_parser("demo", help=_("two brands to try, with a simulated WeCom company"))
    demo.add_argument(
        "--check", action="store_true", help=_("play seven simulated days and balance every station")
    )
    demo.add_argument("--reset", action="store_true", help=_("throw the demo's data away and set it up anew"))
    demo.add_argument("--port", type=int, default=8000, help=_("first of three ports (default: %(default)s)"))
    demo.set_defaults(run=("siyu.config.cli.demo", "demo"))
    step = commands.add_parser("demo-step")  # without help: run by demo, not by people
    step.add_argument("step", choices=("prepare", "connect", "check"))
    step.set_defaults(run=("siyu.config.cli.demo_step", "demo_step"))
    worker = commands.add_parser("worker", help=_("run one more worker"))
    worker.set_defaults(run=("siyu.config.cli.worker", "worker"))
    doctor = commands.add_parser(
        "doctor", help=_("name everything wrong with this installation and how to mend it")
    )
    doctor.add_argument("--tests", action="store_true", help=_("also look at what the tests need"))
    doctor.add_argument("--port", type=int, default=8000, help=_("port to look at (default: %(default)s)"))
    doctor.set_defaults(run=("siyu.config.doctor.main", "doctor"))


def _add_data(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    bring = commands.add_parser("import", help=_("bring data in from a file"))
    kinds = bring.add_subparsers(dest="kind", metavar=_("kind"), required=True)
    orders = kinds.add_parser("orders", help=_("orders from a CSV or XLSX file"))
    orders.add_argument("file", help=_("CSV (UTF-8 or GB18030) or XLSX"))
    orders.add_argument(
        "--preset", default="generic", help=_("how the columns are read (default: %(default)s)")
    )
    orders.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help=_("read a field from another column"),
    )
    orders.add_argument("--data-set", help=_("where the rows come from; part of each row's key"))
    orders.add_argument("--shift-days", type=int, help=_("move all dates by so many days"))
    orders.add_argument("--preview", action="store_true", help=_("only show what would be read"))
    orders.set_defaults(run=("siyu.config.cli.imports", "orders"))
    _add_backup(commands)
    fill = commands.add_parser("generate", help=_("fill an empty brand with invented data, to see it large"))
    fill.add_argument("--customers", type=int, default=100_000, help=_("how many (default: %(default)s)"))
    fill.add_argument("--facts", type=int, default=2_000_000, help=_("how many (default: %(default)s)"))
    fill.set_defaults(run=("siyu.config.cli.generate", "generate"))
    key = commands.add_parser("apikey", help=_("keys for the REST API"))
    actions = key.add_subparsers(dest="action", metavar=_("action"), required=True)
    create = actions.add_parser("create", help=_("make a key; it is shown once"))
    create.add_argument("name", help=_("what it is for"))
    create.add_argument("--role", default="service", help=_("role of the key (default: %(default)s)"))
    create.add_argument("--scope", action="append", help=_("what it may see, such as unit:12 (default: all)"))
    create.set_defaults(run=("siyu.config.cli.access", "create_key"))
    actions.add_parser("list", help=_("list the keys")).set_defaults(
        run=("siyu.config.cli.access", "list_keys")
    )
    revoke = actions.add_parser("revoke", help=_("end a key at once"))
    revoke.add_argument("id", type=int)
    revoke.set_defaults(run=("siyu.config.cli.access", "revoke_key"))
    account = commands.add_parser("account", help=_("people who sign in"))
    actions = account.add_subparsers(dest="action", metavar=_("action"), required=True)
    add = actions.add_parser("create", help=_("make an account; the password is asked for"))
    add.add_argument("username")
    add.add_argument("--name", help=_("name to show (default: the user name)"))
    add.add_argument("--role", default="owner", help=_("role of the account (default: %(default)s)"))
    add.add_argument("--scope", action="append", help=_("what it may see, such as unit:12 (default: all)"))
    add.set_defaults(run=("siyu.config.cli.access", "create_person"))


def _add_backup(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    secret = _("file whose first line is a passphrase that seals the whole backup")
    save = commands.add_parser(
        "backup", help=_("write database, files and key into one file, also while running")
    )
    save.add_argument("file", help=_("where to write it; the file must not exist"))
    save.add_argument("--passphrase-file", metavar="FILE", help=secret)
    save.set_defaults(run=("siyu.config.cli.backup", "backup"))
    load = commands.add_parser("restore", help=_("bring a backup back into an empty installation"))
    load.add_argument("file", help=_("what siyu backup wrote"))
    load.add_argument("--passphrase-file", metavar="FILE", help=secret)
    load.add_argument("--check", action="store_true", help=_("only check that the file is whole"))
    load.set_defaults(run=("siyu.config.cli.backup", "restore"))
