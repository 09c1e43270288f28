"""A new world from a seed."""

from __future__ import annotations

import json
from typing import Any

from twin.clock import CHINA, china
from twin.company.goods import catalogue
from twin.company.history import friends_before
from twin.company.organisation import (
    COMPANY,
    applications,
    console_tags,
    corpid,
    departments_and_stores,
    members,
)
from twin.state import State


def new_state(seed: int, start: float) -> State:
    """The world on its first day; `anchor` is the midnight in China before `start`."""
    midnight = china(start).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=CHINA)
    anchor = int(midnight.timestamp())
    departments, stores = departments_and_stores()
    state = State(
        seed=seed,
        anchor=anchor,
        corpid=corpid(seed),
        company=COMPANY,
        apps=applications(seed),
        departments=departments,
        stores=stores,
        members=members(seed, stores),
        goods=catalogue(),
    )
    state.tag_groups, state.tags = console_tags(seed, anchor - 700 * 86_400)
    friends_before(state)
    return state


def config(seed: int) -> dict[str, Any]:
    """What an administrator would copy out of the console, plus the members."""
    departments, stores = departments_and_stores()
    store_of = {store.department_id: store.code for store in stores.values()}
    region_of = {store.code: store.region for store in stores.values()}
    return {
        "simulated": True,
        "notice": "模拟数据，并非真实企业",
        "seed": seed,
        "corpid": corpid(seed),
        "company": COMPANY,
        "apps": [
            {
                "key": app.key,
                "name": app.name,
                "agentid": app.agentid,
                "secret": app.secret,
                "token": app.token,
                "encoding_aes_key": app.aes_key,
                "permissions": app.permissions,
            }
            for app in applications(seed).values()
        ],
        "departments": [
            {"id": item.id, "name": item.name, "parentid": item.parentid, "order": item.order}
            for item in departments.values()
        ],
        "stores": [
            {
                "code": store.code,
                "name": store.name,
                "city": store.city,
                "region": store.region,
                "department_id": store.department_id,
            }
            for store in stores.values()
        ],
        "members": [
            {
                "userid": member.userid,
                "name": member.name,
                "department": member.department,
                "role": member.role,
                "position": member.position,
                "store_code": store_of.get(member.department, ""),
                "region": region_of.get(store_of.get(member.department, ""), "")
                or departments[str(member.department)].name.removesuffix("大区"),
            }
            for member in members(seed, stores).values()
        ],
    }


def config_json(seed: int) -> str:
    """`config` as text."""
    return json.dumps(config(seed), ensure_ascii=False, indent=2)
