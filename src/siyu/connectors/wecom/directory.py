"""The directory: departments and members of WeCom become units and employees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from siyu.connectors.wecom import connections
from siyu.connectors.wecom.client import Client
from siyu.connectors.wecom.contracts import Purpose
from siyu.connectors.wecom.models import Connection
from siyu.connectors.wecom.relations import place_unknown, source_of
from siyu.connectors.wecom.words import PULL_EMPTY
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput, Conflict, Permanent
from siyu.records.staff import api as staff

ROOT = 1
LEFT = 5
MANAGER_WORDS = ("店长", "经理", "主管", "manager", "Manager")


def pull(client: Client) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """All departments and members the application sees. Raises as any call; never a part."""
    departments = list(client.get("department/list").get("department") or ())
    members: dict[str, Mapping[str, Any]] = {}
    for department in departments:
        answer = client.get("user/list", department_id=int(department["id"]))
        for member in answer.get("userlist") or ():
            members.setdefault(str(member["userid"]), member)
    return departments, list(members.values())


def units_from(
    departments: Sequence[Mapping[str, Any]], store_codes: Mapping[str, str]
) -> list[staff.UnitSpec]:
    """Departments as units. WeCom knows no kinds: the root is the company, a department with a
    store code or without departments below is a store, all between are regions."""
    ids = {int(item["id"]) for item in departments}
    parents = {int(item.get("parentid") or 0) for item in departments}
    specs = []
    for item in departments:
        number, parent = int(item["id"]), int(item.get("parentid") or 0)
        if parent not in ids:
            kind = staff.UnitKind.COMPANY
        elif str(number) in store_codes or number not in parents:
            kind = staff.UnitKind.STORE
        else:
            kind = staff.UnitKind.REGION
        specs.append(
            staff.UnitSpec(
                external_id=str(number),
                name=str(item.get("name") or number),
                kind=kind,
                parent_external_id=str(parent) if parent in ids else None,
                code=store_codes.get(str(number), ""),
            )
        )
    return specs


def employees_from(
    members: Sequence[Mapping[str, Any]], departments: Sequence[Mapping[str, Any]]
) -> list[staff.EmployeeSpec]:
    """Members as employees; those who left are left out. The main department is the unit."""
    ids = {int(item["id"]) for item in departments}
    specs = []
    for item in members:
        own = [int(number) for number in item.get("department") or () if int(number) in ids]
        main = int(item.get("main_department") or 0)
        unit = main if main in ids else (own[0] if own else ROOT)
        title = str(item.get("position") or "")
        leads = _leads(item, unit) or any(word in title for word in MANAGER_WORDS)
        if int(item.get("status") or 1) != LEFT and unit in ids:
            specs.append(
                staff.EmployeeSpec(
                    userid=str(item["userid"]),
                    name=str(item.get("name") or item["userid"]),
                    unit_external_id=str(unit),
                    role=staff.StaffRole.MANAGER if leads else staff.StaffRole.CLERK,
                    mobile=str(item.get("mobile") or ""),
                    title=title,
                )
            )
    return specs


def _leads(member: Mapping[str, Any], unit: int) -> bool:
    departments = [int(number) for number in member.get("department") or ()]
    flags = list(member.get("is_leader_in_dept") or ())
    return any(number == unit and int(flag) == 1 for number, flag in zip(departments, flags, strict=False))


def sync(connection: Connection, *, at: datetime) -> staff.SyncResult:
    """Make units and employees equal to the directory, in one transaction after the pull.

    Raises as any call, and Permanent when nobody at all is seen, or half are gone, or there is no tree:
    a lost right must not look like a company without people.
    """
    client = connections.client_for(connection, Purpose.DIRECTORY)
    departments, members = pull(client)
    if not departments or not members:
        raise Permanent("wecom.nobody", PULL_EMPTY, setup=True)
    units = units_from(departments, connection.store_codes)
    people = employees_from(members, departments)
    source = source_of(connection)
    try:
        with foundation.transaction():
            result = staff.sync_directory(units, people, source=source, at=at)
            staff.ensure_service_accounts(
                [(person.userid, person.userid) for person in people],
                connection=connection.key, source=source, at=at,
            )  # fmt: skip
            place_unknown(connection, at=at)
            Connection.objects.filter(pk=connection.pk).update(directory_synced_at=at)
    except (BadInput, Conflict) as error:  # this company's directory cannot be believed; the others' can
        raise Permanent(error.code, error.message, setup=True, **error.params) from error
    connections.note_ok(connection)
    return result
