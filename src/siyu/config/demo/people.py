"""The accounts of a demonstration, for one-click sign-in."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from siyu.foundation import api as foundation
from siyu.foundation.api import SCOPE_ALL, Role
from siyu.kit import clock
from siyu.records.staff import api as staff

EVERYWHERE = (
    ("owner", "林老板", Role.OWNER),
    ("operator", "小运", Role.OPERATOR),
    ("analyst", "分析员小析", Role.ANALYST),
    ("compliance", "合规小规", Role.COMPLIANCE),
    ("admin", "管理员", Role.ADMIN),
)


def create_head_office() -> None:
    """People who see the whole brand."""
    for username, name, role in EVERYWHERE:
        _account(username, name, role, SCOPE_ALL)


def create_field_staff(employees: Sequence[staff.EmployeeView], units: Sequence[staff.UnitView]) -> None:
    """A region manager, and of two stores a manager and two clerks each."""
    regions = [unit for unit in units if unit.kind == "region"]
    stores = [unit for unit in units if unit.kind == "store"]
    if regions:
        _account("region", f"{regions[0].name}经理", Role.REGION_MANAGER, f"unit:{regions[0].id}")
    for number, store in enumerate(stores[:2], start=1):
        suffix = "" if number == 1 else str(number)
        team = [employee for employee in employees if employee.unit_id == store.id]
        managers = [employee for employee in team if employee.role == "manager"]
        clerks = [employee for employee in team if employee.role != "manager"]
        for manager in managers[:1]:
            _account(f"manager{suffix}", manager.name, Role.STORE_MANAGER, f"unit:{store.id}")
        for clerk in clerks[:1]:
            _account(f"clerk{suffix}", clerk.name, Role.CLERK, f"employee:{clerk.id}")


def _account(username: str, name: str, role: Role, scope: str) -> None:
    foundation.create_account(
        username=username,
        display_name=name,
        role=role,
        scopes=[scope],
        at=clock.business_now(),
        by=foundation.SYSTEM,
    )


SIGN_INS = (("老板", "owner"), ("运营", "operator"), ("店长", "manager"), ("导购", "clerk"))


def write_sign_ins(brand: str) -> None:
    """Leave word for ``siyu demo`` of who can sign in with one click."""
    at = clock.business_now()
    about: dict[str, object] = {
        "title": foundation.get_setting("brand.name", at=at),
        "sign_ins": [
            {"label": label, "path": f"/demo/{username}/"}
            for label, username in SIGN_INS
            if foundation.account_for_username(username) is not None
        ],
    }
    place = Path(os.environ["SIYU_DATA_DIR"]) / f"{brand}.json"
    place.write_text(json.dumps(about, ensure_ascii=False))
