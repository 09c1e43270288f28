"""What the driver can do; see driver.py."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from siyu.actions.messaging import api as messaging
from siyu.actions.work import api as work
from siyu.config.demo import jewellery, play
from siyu.config.demo.twin_door import TwinDoor
from siyu.connectors.commerce import api as imports
from siyu.decisions.acquisition import api as acquisition
from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.segments import api as segments
from siyu.interfaces.ui.member_links import member_link
from siyu.kit import clock
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.ledger import api as ledger
from siyu.records.staff import api as staff

HERE = ZoneInfo("Asia/Shanghai")

__all__ = [
    "member_page",
    "api_key",
    "code",
    "connect",
    "counts",
    "import_orders",
    "jump",
    "portrait",
    "prepare",
    "settle",
]
STORES = 2


def _twin() -> TwinDoor:
    return TwinDoor(os.environ["SIYU_TWIN_URL"])


def prepare() -> None:
    """The brand before its processes run."""
    jewellery.prepare(_twin())


def connect() -> None:
    """The brand connected: callbacks, staff, codes of two stores, the shop; people move only when played."""
    jewellery.connect(_twin(), os.environ["SIYU_SELF_URL"], stores=STORES, history=False, population=False)
    settle()


def settle() -> str:
    """Wait until siyu and the twin have nothing to do; the business time then."""
    play.settle(_twin())
    return clock.business_now().isoformat()


def jump(hour: int, minute: int = 0, days: int = 0) -> str:
    """To the next moment, ``days`` later, at which the brand's clocks show hour and minute, stopping on the way."""
    now = clock.business_now().astimezone(HERE)
    goal = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    play.until(_twin(), goal + timedelta(days=days + (goal <= now)))
    return clock.business_now().isoformat()


def code(clerk: int = 0) -> dict[str, Any]:
    """The live code of a clerk: address of its picture, the clerk, the tags it gives."""
    found = sorted(acquisition.codes(staff.EVERYTHING), key=lambda one: one.id)[clerk]
    person = staff.employees_by_id(found.employee_ids, at=clock.business_now())[found.employee_ids[0]]
    return {
        "qr": found.qr_code,
        "employee_id": person.id,
        "userid": person.userid,
        "employee": person.name,
        "tags": list(found.tags),
    }


def portrait(external_userid: str) -> dict[str, Any]:
    """Everything the modules say of the customer behind an external user id; {} when nobody knows them."""
    corpid = _twin().get("config")["corpid"]
    ref = customers.IdentityRef(customers.IdentityKind.EXTERNAL_USERID, external_userid, corpid)
    found = customers.find_customer(ref, scope=staff.EVERYTHING)
    if found is None:
        return {}
    at, everything = clock.business_now(), staff.EVERYTHING
    person = customers.get_customer(found, scope=everything)
    told = facts.read(subject_ids=person.subject_ids, limit=1000)
    runs = journeys.enrolments(everything, customer_id=found).items
    return {
        "id": found,
        "name": person.name,
        "tags": sorted(tag.name for tag in person.tags),
        "steward": person.assignment.employee_id if person.assignment else None,
        "friends": sum(contact.until is None for contact in person.contacts),
        "points": ledger.balance(found),
        "entries": [entry.amount for entry in ledger.entries(found).items],
        "orders": [
            (order.order_no, order.amount, order.refunded_amount) for order in commerce.orders_of(found).items
        ],
        "deliveries": [
            (one.channel, one.state.value)
            for one in messaging.deliveries(everything, messaging.DeliveryFilter(customer_id=found)).items
        ],
        "tasks": [
            (one.state.value, one.due_at.astimezone(HERE).strftime("%d %H:%M"), one.result)
            for one in work.tasks(everything, work.TaskFilter(customer_id=found), at=at).items
        ],
        "segments": sorted(one.segment_name for one in segments.memberships(found, scope=everything)),
        "runs": [run.state.value for run in runs],
        "facts": sorted(f"{fact.name}:{fact.origin.value}" for fact in told),
    }


def counts() -> dict[str, int]:
    """How many there are of what a repeated or imported message might wrongly make more of."""
    everything = staff.EVERYTHING
    return {
        "inbox": facts.inbox_counts("wecom:").received,
        "dead": facts.count_dead(),
        "deliveries": messaging.deliveries(everything, size=1).total,
        "runs": journeys.enrolments(everything, size=1).total,
        "orders": commerce.orders(everything, size=1).total,
        "points": -ledger.account_total(ledger.system_account("loyalty")),
    }


def import_orders(text: str) -> dict[str, Any]:
    """Import an order file as an operator would; its counts when the worker is done."""
    at = clock.business_now()
    file_id = imports.upload([text.encode()], name="订单.csv", at=at)
    job = imports.start_import(
        file_id, preset="generic", data_set=f"flow-{file_id}", by=foundation.SYSTEM, at=at
    )
    settle()
    done = imports.import_status(job)
    return {
        "state": done.state.value,
        "new": done.orders_new,
        "amount": done.amount_new,
        "bad": done.rows_bad,
    }


def api_key(role: str = "operator") -> str:
    """A key of the public API for the whole brand."""
    with foundation.transaction():
        return foundation.create_api_key(
            name="flow",
            role=foundation.Role(role),
            scopes=["all"],
            at=clock.business_now(),
            by=foundation.SYSTEM,
        )[1]


def member_page(customer_id: int) -> str:
    """The address of a customer's own page."""
    return member_link(customer_id)
