"""Bring an order file in as the console and the worker do, and look at what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.utils import translation

from siyu.connectors.commerce import api as imports
from siyu.foundation import api as foundation
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
ALL = staff.EVERYTHING
HERE = ZoneInfo("Asia/Shanghai")
HEAD = "order_no,paid_at,customer_phone,unionid,buyer_name,store_code,clerk_userid,sku,product_name,quantity,amount_yuan,status\n"


def bring_in(content: bytes | str, name: str = "orders.csv", **extra: object) -> imports.ImportStatus:
    """Upload, start and run an import as the console and the worker do."""
    data = content.encode() if isinstance(content, str) else content
    with foundation.transaction():
        file_id = imports.upload([data], name, at=AT)
        options: dict[str, object] = {"preset": "generic", "by": foundation.SYSTEM, "at": AT, **extra}
        import_id = imports.start_import(file_id, **options)  # type: ignore[arg-type]
    work()
    return imports.import_status(import_id)


def dollars() -> None:
    """The brand counts in US dollars, as the CDNOW history does."""
    foundation.set_setting("brand.currency", "USD", at=AT, by=foundation.SYSTEM)


def work() -> None:
    foundation.run_due_jobs(at=AT, only=["connectors_commerce.import"])


def counts(status: imports.ImportStatus) -> tuple[int, ...]:
    return (status.rows_read, status.rows_bad, status.orders_new, status.orders_same, status.orders_changed)


def everything() -> list[tuple[object, ...]]:
    """All that an import may touch for good."""
    found: list[tuple[object, ...]] = []
    for table in ("records_commerce_order", "records_commerce_orderline", "records_commerce_refund"):
        found += foundation.fetch(f"SELECT * FROM {table} ORDER BY id")
    found += foundation.fetch("SELECT id FROM facts_event ORDER BY id")
    return found


def quarantined(status: imports.ImportStatus, language: str = "en") -> str:
    with translation.override(language):
        return "".join(imports.quarantine_csv(status.id))


def member(number: str, data_set: str = "cdnow") -> int:
    found = customers.find_customer(customers.IdentityRef("member_no", number, data_set), scope=ALL)
    assert found is not None
    return found
