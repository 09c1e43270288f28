"""``siyu up``: web and worker, and the embedded database, until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable

from siyu.config.cli import processes
from siyu.config.cli_language import _
from siyu.config.supervisor.contracts import ChildFailed, ProcessSpec, Stopping
from siyu.config.supervisor.ports import free_port, holder, is_free
from siyu.config.supervisor.supervisor import Supervisor
from siyu.foundation.postgres import api as postgres

FIRST_PORT = 8000


def choose_port(host: str, asked: int | None, first: int, taken: set[int]) -> int | None:
    """The port to use, saying so when it is not the first; None when the one asked for is taken."""
    wanted = asked or first
    if is_free(host, wanted) and wanted not in taken:
        return wanted
    found = holder(wanted) or _("another process")
    if asked:
        text = _("Port %(port)d is in use (%(holder)s). End that process or choose another: --port N")
        print(text % {"port": wanted, "holder": found}, file=sys.stderr)
        return None
    port = free_port(host, wanted, taken)
    if wanted not in taken:
        text = _("Port %(port)d is in use (%(holder)s); using %(other)d")
        print(text % {"port": wanted, "holder": found, "other": port}, flush=True)
    return port


def start_database(brands: list[str]) -> Callable[[], None] | None:
    """Start the embedded server and make the databases; answer a watch that starts it again if it is killed."""
    url = os.environ.get("SIYU_DATABASE_URL")
    if url:
        postgres.settings_from_url(url)  # says what an address looks like
        postgres.check_own(url)
        return None
    data = postgres.data_dir()
    began = time.monotonic()
    info = postgres.ensure_running(data)
    for brand in brands:
        postgres.create_database(data, postgres.database_name(brand))
    if info.started_now:
        print(_("PostgreSQL started in %(seconds).1f s") % {"seconds": time.monotonic() - began}, flush=True)

    def watch() -> None:
        if not postgres.is_alive(data):
            print(_("PostgreSQL has ended; starting it again"), flush=True)
            postgres.ensure_running(data)

    return watch


def stop_database() -> None:
    """Let the server go and wait until it has stopped, unless somebody else uses it."""
    if not os.environ.get("SIYU_DATABASE_URL"):
        postgres.release(postgres.data_dir(), wait=10)


def up(options: argparse.Namespace) -> int:
    """Run web and worker until Ctrl-C."""
    port = choose_port(options.host, options.port, FIRST_PORT, set())
    if port is None:
        return 1
    brand = os.environ.get("SIYU_BRAND") or "main"
    try:
        with Supervisor(watch=start_database([brand])) as supervisor:
            supervisor.run_once([ProcessSpec("migrate", processes.siyu("migrate", "--verbosity", "0"))])
            supervisor.start(processes.web("web", options.host, port, {}, processes=options.workers))
            supervisor.start(processes.worker("worker", {}))
            supervisor.wait_ready()
            supervisor.say(
                _("siyu is ready: http://%(host)s:%(port)d/") % {"host": options.host, "port": port}
            )
            supervisor.say(_("First account: siyu account create NAME    Ctrl-C stops everything."))
            return supervisor.run()
    except Stopping:
        return 0
    except ChildFailed as failure:
        print(
            _("%(name)s could not be started; its last lines say why.") % {"name": failure.name},
            file=sys.stderr,
        )
        return 1
    finally:
        stop_database()
