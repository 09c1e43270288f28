"""Contact ways 「联系我」: the port behind acquisition's live codes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from siyu.connectors.wecom import connections
from siyu.connectors.wecom.client import Client
from siyu.connectors.wecom.contracts import Purpose
from siyu.connectors.wecom.models import Connection
from siyu.connectors.wecom.relations import source_of
from siyu.connectors.wecom.words import NO_MEMBER
from siyu.decisions.acquisition import api as acquisition
from siyu.kit import clock
from siyu.kit.errors import NotFound, Permanent
from siyu.records.staff import api as staff

REMARK = 30
SINGLE, MULTI = 1, 2
SCENE_QR = 2
UNKNOWN_WAY = 41044
EARLIER = timedelta(minutes=2)
"""Clocks may differ by this much when looking for a way made since a moment."""


class ContactWays:
    """Implements acquisition's CodePort at WeCom."""

    def create(self, spec: acquisition.CodeSpec) -> acquisition.CodeMade:
        """add_contact_way. Raises as any call."""
        connection, client = self._at(spec)
        body = {"scene": SCENE_QR, **_people(connection, spec, kind=True), **_rest(spec)}
        answer = client.write("externalcontact/add_contact_way", body)
        connections.note_ok(connection)
        return acquisition.CodeMade(str(answer["config_id"]), str(answer.get("qr_code") or ""))

    def find(self, spec: acquisition.CodeSpec, *, since: datetime) -> acquisition.CodeMade | None:
        """The way with this state token, looked for among those made since; it may have been made unheard."""
        _connection, client = self._at(spec)
        start = int((since - EARLIER).timestamp())
        body = {"start_time": start, "end_time": int(clock.business_now().timestamp()) + 60, "limit": 1000}
        for page in client.pages("externalcontact/list_contact_way", body):
            for item in page.get("contact_way") or ():
                config_id = str(item["config_id"])
                way = client.read("externalcontact/get_contact_way", {"config_id": config_id})["contact_way"]
                if way.get("state") == spec.state:
                    return acquisition.CodeMade(config_id, str(way.get("qr_code") or ""))
        return None

    def update(self, config_id: str, spec: acquisition.CodeSpec) -> None:
        """update_contact_way with everything: WeCom forgets what is left out."""
        connection, client = self._at(spec)
        people = _people(connection, spec, kind=False)
        client.write("externalcontact/update_contact_way", {"config_id": config_id, **people, **_rest(spec)})

    def delete(self, config_id: str, spec: acquisition.CodeSpec) -> None:
        """del_contact_way; a way that WeCom no longer knows is deleted."""
        _connection, client = self._at(spec)
        try:
            client.write("externalcontact/del_contact_way", {"config_id": config_id})
        except Permanent as error:
            if error.params.get("errcode") != UNKNOWN_WAY:
                raise

    def _at(self, spec: acquisition.CodeSpec) -> tuple[Connection, Client]:
        try:
            connection = connections.find(spec.connection)
        except NotFound as error:
            raise Permanent(error.code, error.message, setup=True) from None
        return connection, connections.client_for(connection, Purpose.CONTACT)


def _people(connection: Connection, spec: acquisition.CodeSpec, *, kind: bool) -> dict[str, Any]:
    """Members of the way. A way for several members is made as type 2, whatever their number now,
    because WeCom does not let the type change."""
    members = staff.employees_by_id(spec.employee_ids, at=clock.business_now())
    source = source_of(connection)
    users = [
        members[employee_id].userid
        for employee_id in spec.employee_ids
        if employee_id in members and members[employee_id].active and members[employee_id].source == source
    ]
    if not users:
        raise Permanent("wecom.no_member", NO_MEMBER)
    return {"user": users, **({"type": MULTI} if kind else {})}


def _rest(spec: acquisition.CodeSpec) -> dict[str, Any]:
    return {"remark": spec.remark[:REMARK], "skip_verify": spec.skip_verify, "state": spec.state}
