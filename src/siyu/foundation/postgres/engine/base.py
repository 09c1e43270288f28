"""The engine named in ``DATABASES``. Django looks for ``DatabaseWrapper`` in a module of this name.

Django reads each ``timestamptz`` with a loader written in Python, so that it can give it any time zone; that took
3 µs a value, more than all else about a row. Connections of siyu are in UTC, and psycopg's compiled loader gives
the same ``datetime`` in a tenth of a microsecond.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg.pq import Format

_OID = psycopg.adapters.types["timestamptz"].oid
_LOADER = psycopg.adapters.get_loader(_OID, Format.TEXT)


class DatabaseWrapper(base.DatabaseWrapper):
    """Connections in UTC; one that is set up otherwise is left to Django."""

    @property
    def _in_utc(self) -> bool:
        return self.timezone is UTC and not self.settings_dict["OPTIONS"].get("server_side_binding")

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, and have times read the quick way."""
        connection = super().get_new_connection(conn_params)
        if self._in_utc and _LOADER is not None:
            connection.adapters.register_loader(_OID, _LOADER)
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        """A cursor as Django makes it, but for its look at the loader's time zone, which ours does not have."""
        if not self._in_utc:
            return super().create_cursor(name)
        if name is None:
            return self.connection.cursor()
        make: Any = base.ServerSideCursor
        return make(self.connection, name=name, scrollable=False, withhold=self.connection.autocommit)
