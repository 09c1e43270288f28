"""The audit trail as its reader knows things: settings by their labels, roles, scopes, times in words."""

from __future__ import annotations

import re

import pytest

from siyu.foundation import api as foundation
from siyu.foundation.api import Role
from tests.interfaces.test_people_rooms import client
from tests.records.people import AT, directory

pytestmark = pytest.mark.django_db


def test_details_are_told_in_words() -> None:
    directory(AT)
    admin = client(Role.ADMIN)
    by = foundation.SYSTEM
    foundation.set_setting("policy.promotional_needs_consent", True, at=AT, by=by)
    foundation.set_setting("brand.currency", "USD", at=AT, by=by)
    foundation.create_api_key(name="ERP", role=Role.ANALYST, scopes=["all"], at=AT, by=by)
    foundation.audit(by, "customer.updated", "customer", 7, {"fields": ["name", "gender"]}, at=AT)
    foundation.audit(
        by, "customer.merged", "customer", 7, {"kept_id": 7, "merged_id": 12345, "reason": "case"}, at=AT
    )
    foundation.audit(
        by, "deliveries.cancel", "deliveries", 0, {"ids": list(range(1, 31)), "count": 30}, at=AT
    )
    filters = {"stage": "lost", "tag": "VIP", "friend": "yes", "bought_within": "30", "employee": "none"}
    detail = {"filters": filters, "search": False, "customers": 12345, "cut": True}
    foundation.audit(by, "customers.exported", "customers", 0, detail, at=AT)
    taken = {"taken_at": "2026-03-01T04:00:00+00:00"}
    foundation.audit(by, "installation.restored", "installation", "", taken, at=AT)
    page = admin.get("/settings/audit/").content.decode()
    shown = " ".join(page.replace('<span class="text-muted">', "").replace("</span>", "").split())
    for text in (
        "营销消息需客户明确同意", "值 开启", "值 USD $", "角色 分析员", "可见范围 全部", "字段 名称、性别", "保留客户 7", "并入客户 12,345",
        "来自待确认的疑似同人", "等共 30 个", "阶段 已流失", "标签 VIP", "好友 是", "购买于最近 30 天", "归属员工 无人",
        "客户数 12,345", "不完整 是", "搜索 否", "2026-03-01 12:00:00",
    ):  # fmt: skip
        assert text in shown, (text, re.sub(r"<[^>]+>", "", shown))
    for raw in ("True", "{&#x27;", "[&#x27;", "analyst"):
        assert raw not in shown, raw
