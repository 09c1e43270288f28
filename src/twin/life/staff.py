"""Members join, move and leave; departments come, change and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.callbacks.xml import Field
from twin.life.errors import NotPossible
from twin.state import Department, Member

if TYPE_CHECKING:
    from twin.world import World

CONTACT_EVENT = "change_contact"


def _active(world: World, userid: str) -> Member:
    member = world.state.members.get(userid)
    if member is None or member.status == 5:
        raise NotPossible("unknown_member", "没有这位成员")
    return member


def _department(world: World, department: int) -> None:
    if str(department) not in world.state.departments:
        raise NotPossible("unknown_department", "没有这个部门")


def resign(world: World, userid: str, *, at: int) -> None:
    """A member leaves; the customers wait for an heir."""
    member = _active(world, userid)
    member.status, member.left_at = 5, at
    world.record("resignations", at=at, userid=userid)
    fields: dict[str, Field] = {"UserID": userid, "Department": str(member.department)}
    world.emit(CONTACT_EVENT, "delete_user", fields, at)


def hire(world: World, userid: str, name: str, department: int, *, at: int) -> None:
    """A new clerk."""
    if userid in world.state.members:
        raise NotPossible("taken", "该账号已存在")
    _department(world, department)
    world.state.members[userid] = Member(userid, name, department, "导购", "clerk", 2)
    world.record("hires", at=at, userid=userid, department=department)
    fields: dict[str, Field] = {"UserID": userid, "Department": str(department)}
    world.emit(CONTACT_EVENT, "create_user", fields, at)


def move(world: World, userid: str, department: int, *, at: int) -> None:
    """A member changes to another department."""
    member = _active(world, userid)
    _department(world, department)
    member.department = department
    world.record("moves", at=at, userid=userid, department=department)
    fields: dict[str, Field] = {"UserID": userid, "Department": str(department)}
    world.emit(CONTACT_EVENT, "update_user", fields, at)


def open_department(world: World, name: str, parentid: int, *, at: int) -> int:
    """A new department; returns its id."""
    _department(world, parentid)
    number = max(item.id for item in world.state.departments.values()) + 1
    world.state.departments[str(number)] = Department(number, name, parentid, 0)
    fields: dict[str, Field] = {"Id": number, "Name": name, "ParentId": parentid, "Order": 0}
    _told(world, "create_party", fields, at)
    return number


def change_department(world: World, number: int, name: str, parentid: int, *, at: int) -> None:
    """Rename a department or hang it elsewhere; empty name and 0 leave as it is."""
    _department(world, number)
    item = world.state.departments[str(number)]
    fields: dict[str, Field] = {"Id": number}
    if parentid:
        _department(world, parentid)
        if parentid in world.department_and_below(number):
            raise NotPossible("circle", "不能移到自己的下级部门")
        item.parentid = fields["ParentId"] = parentid
    if name:
        item.name = fields["Name"] = name
    _told(world, "update_party", fields, at)


def close_department(world: World, number: int, *, at: int) -> None:
    """Remove an empty department."""
    _department(world, number)
    staffed = any(member.department == number for member in world.active_members())
    if staffed or len(world.department_and_below(number)) > 1:
        raise NotPossible("not_empty", "部门下还有成员或子部门")
    del world.state.departments[str(number)]
    _told(world, "delete_party", {"Id": number}, at)


def _told(world: World, change: str, fields: dict[str, Field], at: int) -> None:
    world.record("department_changes", at=at, change=change, department=fields["Id"])
    world.emit(CONTACT_EVENT, change, fields, at)
