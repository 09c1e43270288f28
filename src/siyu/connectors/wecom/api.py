"""The front door of the WeCom connector."""

from siyu.connectors.wecom.connections import connect, connections, save_connection, settings_from
from siyu.connectors.wecom.contracts import (
    AppSettings,
    AppView,
    ConnectionSettings,
    ConnectionStatus,
    ConnectionView,
    Purpose,
)

__all__ = [
    "AppSettings",
    "AppView",
    "ConnectionSettings",
    "ConnectionStatus",
    "ConnectionView",
    "Purpose",
    "connect",
    "connections",
    "save_connection",
    "settings_from",
]
