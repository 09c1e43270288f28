"""Front door of the PostgreSQL starter."""

from __future__ import annotations

from .contracts import PostgresTrouble, Profile, ServerInfo, State, Status
from .databases import check_own, create_database, databases, drop_database
from .locations import checkout, connection_settings, data_dir, database_name, settings_from_url
from .server import ensure_running, is_alive, release, remove, status, stop
from .texts import localized, reads_chinese

__all__ = [
    "PostgresTrouble",
    "Profile",
    "ServerInfo",
    "State",
    "Status",
    "check_own",
    "checkout",
    "connection_settings",
    "create_database",
    "data_dir",
    "database_name",
    "databases",
    "drop_database",
    "ensure_running",
    "is_alive",
    "localized",
    "reads_chinese",
    "release",
    "remove",
    "settings_from_url",
    "status",
    "stop",
]
