"""Brings up the simulated jewellery brand: connects it to the twin as an administrator would.

Each step may be repeated without harm, so a run that was cut off is simply run again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from siyu.config.demo.people import create_field_staff, create_head_office
from siyu.config.demo.twin_door import TwinDoor
from siyu.connectors.commerce import api as imports
from siyu.connectors.wecom import api as wecom
from siyu.decisions.acquisition import api as acquisition
from siyu.decisions.journeys import api as journeys
from siyu.foundation import api as foundation
from siyu.foundation.api import SYSTEM, Role
from siyu.insights.cards import api as cards
from siyu.insights.segments import api as segments
from siyu.kit import clock
from siyu.kit.errors import Conflict
from siyu.records.staff import api as staff

HISTORY = "twin-history"


def prepare(twin: TwinDoor) -> None:
    """Name, accounts, segments, the welcome journey, and the connection to the simulated company."""
    config = twin.get("config")
    with foundation.transaction():
        at = clock.business_now()
        for key, value in (
            ("brand.name", config["company"]),
            ("brand.simulated", True),
            ("brand.notice", "全部人物、订单、企业微信均为模拟,不是真实数据"),
        ):
            if foundation.get_setting(key, at=at) != value:
                foundation.set_setting(key, value, at=at, by=SYSTEM)
        create_head_office()
        segments.install_defaults(at=at)
        journeys.install_defaults(at=at)
        wecom.connect(config, base_url=twin.url, at=at)


def connect(
    twin: TwinDoor,
    own_url: str,
    *,
    stores: int | None = None,
    history: bool = True,
    population: bool = True,
) -> None:
    """Callbacks, staff, live codes, history, the shop; then people start to move.

    A smaller brand has codes for the clerks of the first ``stores`` only, no history, or people who
    move only when they are played.
    """
    config = twin.get("config")
    for app in config["apps"]:
        address = f"{own_url}/wecom/callback/wecom/{app['key']}/"
        answer = twin.post("callback", {"app": app["key"], "url": address})
        if not answer["verified"]:
            raise Conflict("demo.callback", f"{app['name']}: {answer['error']}")
    members = len(config["members"])
    _wait("企业微信通讯录", members, lambda: len(staff.employees(at=clock.business_now())))
    with foundation.transaction():
        at = clock.business_now()
        employees, units = staff.employees(at=at), staff.unit_tree(at=at)
        create_field_staff(employees, units)
        first = {unit.id for unit in [one for one in units if one.kind == "store"][:stores]}
        _live_codes([one for one in employees if one.unit_id in first])
        if history:
            _history(twin)
    _shop(twin, own_url)
    friends = twin.get("people", kind="existing", limit=1)["total"]
    _wait("企业微信客户", friends, _known)
    if population:
        twin.post("population", {"running": True})


def _live_codes(employees: list[staff.EmployeeView]) -> None:
    """One live code for each clerk, and the store's tag on whoever comes through it."""
    have = {code.name for code in acquisition.codes(staff.EVERYTHING)}
    for employee in employees:
        name = f"{employee.unit_name} · {employee.name}"
        if employee.unit_id is not None and employee.role == "clerk" and name not in have:
            acquisition.create_code(
                name,
                [employee.id],
                at=clock.business_now(),
                by=SYSTEM,
                tags=[employee.unit_name],
                unit_id=employee.unit_id,
            )


def _history(twin: TwinDoor) -> None:
    """The shop's two years of orders, as the file an operator would upload."""
    if any(entry.data_set == HISTORY for entry in imports.imports().items):
        return
    at = clock.business_now()
    file_id = imports.upload([twin.raw("shop/orders.csv")], name="历史订单.csv", at=at)
    imports.start_import(file_id, preset="generic", data_set=HISTORY, by=SYSTEM, at=at)


def _shop(twin: TwinDoor, own_url: str) -> None:
    """A key with which the shop reports orders from now on."""
    if twin.get("shop")["url"] == own_url:
        return
    with foundation.transaction():
        at = clock.business_now()
        _view, key = foundation.create_api_key(
            name="模拟门店", role=Role.OPERATOR, scopes=[foundation.SCOPE_ALL], at=at, by=SYSTEM
        )
    twin.post("shop", {"url": own_url, "api_key": key})


def _wait(what: str, wanted: int, count: Callable[[], int], seconds: float = 180) -> None:
    """Until the worker has brought in ``wanted`` of something, saying how far it is."""
    end, said, have = time.monotonic() + seconds, time.monotonic(), 0
    while (have := count()) < wanted:
        if time.monotonic() > end:
            raise Conflict("demo.slow", f"{what}: {have} / {wanted}")
        if time.monotonic() - said > 2:
            said = time.monotonic()
            print(f"{what} {have} / {wanted}", flush=True)
        time.sleep(0.1)


def _known() -> int:
    """How many customers the lists show."""
    return cards.list_cards(staff.EVERYTHING, at=clock.business_now(), size=1).total
