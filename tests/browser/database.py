"""Run inside its own process: drop the database of the browser tests and make it empty."""

from __future__ import annotations

import psycopg
from psycopg import sql

from siyu.config import settings


def main() -> None:
    """Drop and create the database that the settings of this process name."""
    ours = settings.DATABASES["default"]
    with psycopg.connect(
        host=ours.get("HOST") or None, port=ours.get("PORT") or None, user=ours.get("USER") or None,
        password=ours.get("PASSWORD") or None, dbname="postgres", autocommit=True,
    ) as server:  # fmt: skip
        name = sql.Identifier(str(ours["NAME"]))
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        server.execute(sql.SQL("CREATE DATABASE {}").format(name))


if __name__ == "__main__":
    assert str(settings.DATABASES["default"]["NAME"]).endswith(("browser", "town"))
    main()
