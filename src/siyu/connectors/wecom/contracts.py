"""What crosses the door of the WeCom connector: configuration, views of it, set-up checks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

FACTS = ()
"""The connector owns no fact: what happened to customers and staff belongs to those records."""


class ConnectionStatus(StrEnum):
    """How the last dealings with the company went."""

    NEW = "new"  # configured, nothing tried yet
    OK = "ok"
    FAILING = "failing"  # last_error says what to do
    OFF = "off"  # switched off by a person


class Purpose(StrEnum):
    """What an application's secret may be used for."""

    CONTACT = "contact"  # customer contact: contact ways, customers, welcome, mass messages, tags
    DIRECTORY = "directory"  # members and departments
    MESSAGE = "message"  # messages to employees


@dataclass(frozen=True, slots=True)
class AppSettings:
    """One application of the company as an operator types it in, secrets in clear."""

    key: str
    agentid: int
    secret: str
    token: str = ""
    aes_key: str = ""
    name: str = ""
    purposes: tuple[Purpose, ...] = tuple(Purpose)

    def __repr__(self) -> str:
        return f"AppSettings(key={self.key!r}, agentid={self.agentid})"  # never the secrets


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """One WeCom company and its applications."""

    key: str
    corpid: str
    apps: tuple[AppSettings, ...]
    name: str = ""
    base_url: str = "https://qyapi.weixin.qq.com"


@dataclass(frozen=True, slots=True)
class AppView:
    """An application without its secrets."""

    key: str
    name: str
    agentid: int
    purposes: tuple[str, ...]
    callback_path: str


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """One connection as screens show it."""

    id: int
    key: str
    name: str
    corpid: str
    base_url: str
    status: ConnectionStatus
    last_error: str
    last_error_at: datetime | None
    last_ok_at: datetime | None
    last_callback_at: datetime | None
    directory_synced_at: datetime | None
    reconciled_at: datetime | None
    apps: tuple[AppView, ...]
