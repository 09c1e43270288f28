"""Clerk and customer on the phone: pages load clean, fit 390 pixels, and the day's work can be done by thumb."""

from __future__ import annotations

import re

import pytest

from siyu.interfaces.ui.member_links import member_link
from tests.browser.fixtures import MakeVisitor, Site

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


def test_every_phone_page_loads_clean_and_fits(site: Site, visitor: MakeVisitor) -> None:
    brand = site.brand
    for who, paths in (
        (
            "clerk",
            ["/w/", "/w/people/", "/w/people/?q=nobody", f"/w/people/{brand['customers'][3]}/", "/w/me/"],
        ),
        ("manager", ["/w/", f"/w/people/{brand['customers'][1]}/"]),
        (None, [member_link(brand["customers"][0]), member_link(brand["customers"][1])]),
    ):
        seen = visitor(who)
        for path in paths:
            page = seen.open(path)
            page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # playwright's own typed dict
            assert page.get_attribute("html", "lang") == "zh-CN"
            seen.check(path, width=390)


def test_a_manager_closes_a_task_by_thumb(site: Site, visitor: MakeVisitor) -> None:
    page = visitor("manager").open("/w/")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # playwright's own typed dict
    before = page.locator("section[id^=task-]").count()
    assert before >= 1
    first = page.locator("section[id^=task-]").first
    first.locator("summary").first.click()
    first.locator("button[value=called]").click()
    page.wait_for_url(re.compile(r"/w/$"))
    assert page.locator("section[id^=task-]").count() == before - 1


def test_a_customer_stops_and_resumes_campaign_messages(site: Site, visitor: MakeVisitor) -> None:
    page = visitor(None).open(member_link(site.brand["customers"][9]))
    page.get_by_role("button", name="不再接收活动消息").click()
    page.get_by_text("您已停止接收活动消息").wait_for()
    page.get_by_role("button", name="重新接收").click()
    page.get_by_text("您正在接收活动消息").wait_for()
