"""Members join, move and leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.life.errors import NotPossible
from twin.state import Member

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
    fields: dict[str, str | int] = {"UserID": userid, "Department": str(member.department)}
    world.emit(CONTACT_EVENT, "delete_user", fields, at)


def hire(world: World, userid: str, name: str, department: int, *, at: int) -> None:
    """A new clerk."""
    if userid in world.state.members:
        raise NotPossible("taken", "该账号已存在")
    _department(world, department)
    world.state.members[userid] = Member(userid, name, department, "导购", "clerk", 2)
    world.record("hires", at=at, userid=userid, department=department)
    fields: dict[str, str | int] = {"UserID": userid, "Department": str(department)}
    world.emit(CONTACT_EVENT, "create_user", fields, at)


def move(world: World, userid: str, department: int, *, at: int) -> None:
    """A member changes to another department."""
    member = _active(world, userid)
    _department(world, department)
    member.department = department
    world.record("moves", at=at, userid=userid, department=department)
    fields: dict[str, str | int] = {"UserID": userid, "Department": str(department)}
    world.emit(CONTACT_EVENT, "update_user", fields, at)
