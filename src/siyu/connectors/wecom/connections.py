"""Connections: save, list, find credentials, note how the last dealings went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from siyu.connectors.wecom import tokens
from siyu.connectors.wecom.client import Client, Credentials
from siyu.connectors.wecom.contracts import (
    AppSettings,
    AppView,
    ConnectionSettings,
    ConnectionStatus,
    ConnectionView,
    Purpose,
)
from siyu.connectors.wecom.crypto import BadKey, decode_key
from siyu.connectors.wecom.models import AccessToken, App, Connection
from siyu.connectors.wecom.words import CONNECTION_GONE, FIELD_AES_KEY, FIELD_REQUIRED
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.kit.errors import BadInput, NotFound, SiyuError

SEAL_PURPOSE = "wecom.app"

PERMISSIONS: Mapping[str, Purpose] = {
    "customer": Purpose.CONTACT,
    "contacts": Purpose.DIRECTORY,
    "message": Purpose.MESSAGE,
}
"""Names of rights in a configuration file → what we use the application for."""

NOTE_EVERY = timedelta(seconds=30)


def settings_from(config: Mapping[str, Any], *, key: str, base_url: str) -> ConnectionSettings:
    """Read a configuration as `twin config` prints it (and as an administrator may write it)."""
    return ConnectionSettings(
        key=key,
        corpid=str(config["corpid"]),
        name=str(config.get("company") or config.get("name") or ""),
        base_url=base_url,
        apps=tuple(
            AppSettings(
                key=str(app["key"]),
                name=str(app.get("name", "")),
                agentid=int(app["agentid"]),
                secret=str(app["secret"]),
                token=str(app.get("token", "")),
                aes_key=str(app.get("encoding_aes_key") or app.get("aes_key") or ""),
                purposes=tuple(
                    dict.fromkeys(
                        PERMISSIONS[right]
                        for right in app.get("permissions", PERMISSIONS)
                        if right in PERMISSIONS
                    )
                ),
            )
            for app in config["apps"]
        ),
    )


def connect(
    config: Mapping[str, Any],
    *,
    base_url: str,
    at: datetime,
    key: str = "wecom",
    by: foundation.Principal = foundation.SYSTEM,
) -> ConnectionView:
    """Save the connection described by `config` and ask for its first directory sync and pull.

    Doing it again with the same configuration changes nothing but the audit trail. Raises BadInput.
    """
    view = save_connection(settings_from(config, key=key, base_url=base_url), at=at)
    foundation.audit(by, "connection.saved", "wecom_connection", view.id, {"key": view.key}, at=at)
    codes = {str(store["department_id"]): str(store["code"]) for store in config.get("stores", ())}
    Connection.objects.filter(pk=view.id).update(store_codes=codes)
    return view


def save_connection(
    settings: ConnectionSettings, *, at: datetime, drop_other_apps: bool = True
) -> ConnectionView:
    """Create or change a connection; an empty secret, token or key keeps the stored one."""
    _check(settings)
    row, _created = Connection.objects.update_or_create(
        key=settings.key,
        defaults={
            "name": settings.name,
            "corpid": settings.corpid,
            "base_url": settings.base_url.rstrip("/"),
        },
        create_defaults={
            "name": settings.name,
            "corpid": settings.corpid,
            "base_url": settings.base_url.rstrip("/"),
            "connected_at": at.replace(microsecond=0),  # WeCom counts whole seconds
        },
    )
    for app in settings.apps:
        _save_app(row, app)
    if drop_other_apps:
        App.objects.filter(connection=row).exclude(key__in=[app.key for app in settings.apps]).delete()
    foundation.enqueue("wecom.directory", {"connection": row.pk}, due_at=at, key=f"first:{row.pk}")
    foundation.enqueue("wecom.reconcile", {"connection": row.pk}, due_at=at, key=f"first:{row.pk}")
    return _view(row)


def _check(settings: ConnectionSettings) -> None:
    fields: dict[str, object] = {}
    if not settings.corpid:
        fields["corpid"] = FIELD_REQUIRED
    if not settings.base_url.startswith(("https://", "http://")):
        fields["base_url"] = FIELD_REQUIRED
    if not settings.apps:
        fields["apps"] = FIELD_REQUIRED
    for app in settings.apps:
        if app.aes_key:
            try:
                decode_key(app.aes_key)
            except BadKey:
                fields[f"{app.key}.aes_key"] = FIELD_AES_KEY
    if fields:
        raise BadInput("wecom.settings", fields=fields)


def _save_app(connection: Connection, app: AppSettings) -> None:
    row = App.objects.filter(connection=connection, key=app.key).first() or App(
        connection=connection, key=app.key, secret=b"", token=b"", aes_key=b""
    )
    row.name, row.agentid, row.purposes = app.name, app.agentid, [str(item) for item in app.purposes]
    for column in ("secret", "token", "aes_key"):
        value = getattr(app, column)
        old = getattr(row, column)
        if not old or (value and foundation.unseal(old, SEAL_PURPOSE).decode() != value):
            setattr(row, column, foundation.seal(value, SEAL_PURPOSE))
            if column == "secret" and row.pk:
                AccessToken.objects.filter(app=row).delete()
    row.save()


def _view(row: Connection) -> ConnectionView:
    return ConnectionView(
        id=row.pk,
        key=row.key,
        name=row.name or row.corpid,
        corpid=row.corpid,
        base_url=row.base_url,
        status=ConnectionStatus(row.status),
        last_error=row.last_error,
        last_error_at=row.last_error_at,
        last_ok_at=row.last_ok_at,
        last_callback_at=row.last_callback_at,
        directory_synced_at=row.directory_synced_at,
        reconciled_at=row.reconciled_at,
        apps=tuple(
            AppView(
                app.key, app.name, app.agentid, tuple(app.purposes), f"/wecom/callback/{row.key}/{app.key}/"
            )
            for app in row.apps.order_by("id")
        ),
    )


def connections() -> list[ConnectionView]:
    """All connections, oldest first."""
    return [_view(row) for row in Connection.objects.order_by("id")]


def active_ids() -> list[int]:
    """Ids of connections that are not switched off."""
    rows = Connection.objects.exclude(status=ConnectionStatus.OFF).order_by("id")
    return list(rows.values_list("id", flat=True))


def find(key: str = "") -> Connection:
    """The connection of a key, or the only (oldest) one for ""; NotFound when there is none."""
    rows = Connection.objects.exclude(status=ConnectionStatus.OFF).order_by("id")
    row = (rows.filter(key=key) if key else rows).first()
    if row is None:
        raise NotFound("wecom.connection", CONNECTION_GONE)
    return row


def by_id(connection_id: int) -> Connection:
    """The connection of an id; NotFound when it is gone."""
    row = Connection.objects.filter(pk=connection_id).first()
    if row is None:
        raise NotFound("wecom.connection", CONNECTION_GONE)
    return row


def client_for(connection: Connection, purpose: Purpose) -> Client:
    """A client of the connection's first application with this purpose."""
    return _client(
        connection, App.objects.filter(connection=connection).select_related("access_token"), purpose
    )


def reach(connection_id: int, purpose: Purpose) -> tuple[Connection, Client]:
    """``by_id`` and ``client_for`` with one look at the database, for calls that must be quick."""
    apps = list(App.objects.filter(connection_id=connection_id).select_related("connection", "access_token"))
    connection = apps[0].connection if apps else by_id(connection_id)
    return connection, _client(connection, apps, purpose)


def _client(connection: Connection, found: Iterable[App], purpose: Purpose) -> Client:
    apps = sorted(found, key=lambda app: app.pk)
    chosen = next((app for app in apps if purpose in app.purposes), apps[0] if apps else None)
    if chosen is None:
        raise NotFound("wecom.connection", CONNECTION_GONE)
    known = tokens.opened(getattr(chosen, "access_token", None)) or ""
    return Client(credentials(connection, chosen), known)


def credentials(connection: Connection, app: App) -> Credentials:
    """What the client needs of an application, its secret opened."""
    return Credentials(
        connection_id=connection.pk,
        app_id=app.pk,
        corpid=connection.corpid,
        agentid=app.agentid,
        base_url=connection.base_url,
        secret=foundation.unseal(app.secret, SEAL_PURPOSE).decode(),
    )


def note_ok(connection: Connection) -> None:
    """Remember that the company answers (written at most every half minute)."""
    now = clock.wall_now()
    if (
        connection.status != ConnectionStatus.OK
        or connection.last_ok_at is None
        or now - connection.last_ok_at > NOTE_EVERY
    ):
        Connection.objects.filter(pk=connection.pk).exclude(status=ConnectionStatus.OFF).update(
            status=ConnectionStatus.OK, last_ok_at=now
        )


def note_failure(connection: Connection, error: SiyuError | str) -> None:
    """Show an operator what is wrong with the connection."""
    Connection.objects.filter(pk=connection.pk).exclude(status=ConnectionStatus.OFF).update(
        status=ConnectionStatus.FAILING, last_error=str(error)[:1000], last_error_at=clock.wall_now()
    )
