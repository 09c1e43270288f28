"""The ledger of truth: what really happened, for checks of conservation."""

from __future__ import annotations

from collections import Counter
from typing import Any

from twin.clock import iso
from twin.state import Json, State
from twin.web.routes import Ask, Field, route

ORDER_STATES = ("pending", "accepted", "duplicate", "rejected")


def _callbacks(state: State) -> Json:
    """Counts over all callbacks, and over distinct plaintexts per application."""
    by_status = Counter(row.status for row in state.callbacks)
    distinct: dict[tuple[str, str], set[str]] = {}
    for row in state.callbacks:
        distinct.setdefault((row.app, row.plaintext), set()).add(row.status)
    kinds = Counter(f"{row.event}.{row.change_type}" for row in state.callbacks)
    return {
        "generated": len(state.callbacks),
        "distinct": len(distinct),
        "distinct_accepted": sum("accepted" in states for states in distinct.values()),
        **{name: by_status[name] for name in ("accepted", "pending", "failed", "lost")},
        "deliveries": sum(row.deliveries for row in state.callbacks),
        "attempts": sum(row.attempts for row in state.callbacks),
        "by_kind": dict(sorted(kinds.items())),
        "accepted_by_kind": dict(
            sorted(
                Counter(
                    f"{row.event}.{row.change_type}" for row in state.callbacks if row.status == "accepted"
                ).items()
            )
        ),
    }


def _events(state: State) -> Json:
    """What happened that somebody could hear of, whether or not anybody was connected."""
    rows = state.ledger.get("events", [])
    kinds = Counter(f"{row['event']}.{row['change']}" for row in rows)
    return {
        "total": len(rows),
        "unheard": sum(not row["told"] for row in rows),
        "by_kind": dict(sorted(kinds.items())),
    }


def _reported(state: State, prefix: str, amounts: dict[str, int]) -> Json:
    """Facts of one kind by what siyu answered, with their amounts in 分.

    `taken` is accepted or duplicate: siyu has it, whichever answer arrived first.
    """
    counts: Counter[str] = Counter()
    money: Counter[str] = Counter()
    for row in state.shop_events:
        if row.id.startswith(prefix):
            amount = amounts[row.id.removeprefix(prefix)]
            counts[row.status] += 1
            money[row.status] += amount
    return {
        "generated": sum(counts.values()),
        "amount": sum(money.values()),
        **{name: counts[name] for name in ORDER_STATES},
        "taken": counts["accepted"] + counts["duplicate"],
        "taken_amount": money["accepted"] + money["duplicate"],
    }


def _orders(state: State) -> Json:
    amounts = {order.order_no: order.amount for order in state.orders.values()}
    masked = [order for order in state.orders.values() if order.identity is None]
    return {
        **_reported(state, "order-", amounts),
        "masked": len(masked),
        "masked_amount": sum(order.amount for order in masked),
        "by_source": dict(sorted(Counter(o.source for o in state.orders.values()).items())),
    }


OTHER_KINDS = (
    "blocks", "deletes", "remarks", "tags", "api_tags", "tag_changes", "resignations", "hires", "moves", "department_changes",
    "app_messages", "shop_calls", "not_possible",
)  # fmt: skip


def _friends(state: State) -> Json:
    """Scans, additions and welcomes."""
    scans = Counter(row["outcome"] for row in state.ledger.get("scans", []))
    adds = state.ledger.get("adds", [])
    welcomes = state.ledger.get("welcomes", [])
    return {
        "scans": {"total": sum(scans.values()), **dict(sorted(scans.items()))},
        "adds": {
            "total": len(adds),
            "people": len({row["external_userid"] for row in adds}),
            "with_welcome_code": sum(bool(row["welcome_code"]) for row in adds),
        },
        "welcomes": {
            "delivered": len(welcomes),
            "codes_issued": len(state.welcome_codes),
            "people": len({row["external_userid"] for row in welcomes}),
        },
    }


def _mass(state: State) -> Json:
    """Mass messages: members' tasks, and customers by what became of the message."""
    tasks = Counter(row["state"] for row in state.ledger.get("mass_tasks", []))
    sends = Counter(row["status"] for row in state.ledger.get("sends", []))
    unsent = sum(
        len(task.rows) for message in state.mass.values() for task in message.tasks if not task.status
    )
    return {
        "mass": {
            "messages": len(state.mass),
            "tasks": sum(tasks.values()),
            **{name: tasks[name] for name in ("waiting", "confirmed", "forgotten", "cancelled")},
            "reminders": len(state.ledger.get("reminders", [])),
        },
        "sends": {
            "total": sum(sends.values()) + unsent,
            "unsent": unsent,
            "sent": sends[1],
            "not_friend": sends[2],
            "limit": sends[3],
        },
    }


def summary(state: State) -> Json:
    """All counts."""
    refunds = {item.refund_no: item.amount for item in state.refunds.values()}
    return {
        **_friends(state),
        "events": _events(state),
        "callbacks": _callbacks(state),
        **_mass(state),
        "orders": _orders(state),
        "refunds": _reported(state, "refund-", refunds),
        **{name: {"total": len(state.ledger.get(name, []))} for name in OTHER_KINDS},
        "people": dict(sorted(Counter(person.kind for person in state.people.values()).items())),
        "contact_ways": sum(not way.deleted for way in state.contact_ways.values()),
    }


def _rows(state: State, kind: str) -> list[Json]:
    if kind == "callbacks":
        return [row.__dict__ for row in state.callbacks]
    if kind == "shop_events":
        return [row.__dict__ for row in state.shop_events]
    if kind == "codes":
        return [way.__dict__ for way in state.contact_ways.values()]
    return state.ledger.get(kind, [])


@route("GET", "/twin/record", "Counts of everything that happened; amounts in 分")
def record(ask: Ask) -> Any:
    """The summary."""
    return {"at": iso(ask.world.now()), **summary(ask.world.state)}


@route(
    "GET",
    "/twin/record/{kind}",
    "Rows of one kind: scans, adds, callbacks, callback_attempts, welcomes, mass_tasks, sends, "
    "orders, refunds, shop_events, shop_calls, blocks, deletes, remarks, tags …",
    Field("offset", "integer", "default 0"),
    Field("limit", "integer", "default 1000"),
)
def record_rows(ask: Ask) -> Any:
    """Rows, oldest first."""
    rows = _rows(ask.world.state, ask.path["kind"])
    first, limit = int(ask.query.get("offset", 0)), int(ask.query.get("limit", 1000))
    return {"kind": ask.path["kind"], "total": len(rows), "rows": rows[first : first + limit]}
