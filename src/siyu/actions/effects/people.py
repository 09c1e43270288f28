"""Names for placeholders, looked up once per batch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from siyu.actions.effects.contracts import EffectItem
from siyu.foundation import api as foundation
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff


def values_for(
    items: Sequence[EffectItem], texts: Sequence[str], *, at: datetime
) -> dict[str, dict[str, str]]:
    """Item key → what its placeholders stand for; only looks up what the texts name."""
    wanted = " ".join(texts)
    names: dict[int, str] = {}
    clerks: dict[int, str] = {}
    if "{customer}" in wanted:
        found = customers.profiles({item.customer_id for item in items})
        names = {customer_id: profile.name for customer_id, profile in found.items()}
    if "{clerk}" in wanted:
        ids = {item.employee_id for item in items if item.employee_id is not None}
        clerks = {key: view.name for key, view in staff.employees_by_id(ids, at=at).items()}
    brand = str(foundation.get_setting("brand.name", at=at)) if "{brand}" in wanted else ""
    return {
        item.key: {
            "customer": names.get(item.customer_id, ""),
            "clerk": clerks.get(item.employee_id or 0, ""),
            "brand": brand,
        }
        for item in items
    }
