"""The newcomer's tour as far as the pages go: owner, operator, store manager, clerk, one after the other."""

from __future__ import annotations

import re

import pytest

from tests.browser.fixtures import MakeVisitor, Site

pytestmark = pytest.mark.browser


def test_the_newcomers_tour(site: Site, visitor: MakeVisitor) -> None:
    seen = visitor(None)
    page = seen.open("/demo/")

    # The owner asks where today's money came from, down to an order and the person behind it.
    page.locator("[data-demo=owner]").click()
    page.get_by_role("heading", name="今日", exact=True).wait_for()
    page.locator("a.siyu-metric", has_text="销售额").click()
    page.get_by_text("口径", exact=True).wait_for()
    page.locator("tr[data-href] a").first.click()
    page.wait_for_url(re.compile(r"/customers/\d+/"))
    page.get_by_role("link", name="订单", exact=True).click()
    page.get_by_text("门店POS").first.wait_for()

    # The operator opens a group of people and asks why somebody is in it.
    seen.open("/demo/")
    page.locator("[data-demo=operator]").click()
    page.get_by_role("link", name="客户分群", exact=True).click()
    page.get_by_role("link", name="近90天买过").click()
    page.get_by_role("button", name="为何在内").first.click()
    page.locator("#sheet .modal-body").get_by_text("由此引起").wait_for()
    page.keyboard.press("Escape")
    page.locator("#sheet").wait_for(state="hidden")
    page.get_by_role("link", name="自动化", exact=True).click()
    page.get_by_role("link", name="欢迎与首周").click()
    assert page.locator(".siyu-step").count() >= 8

    # The store manager sees one store and its tasks.
    seen.open("/demo/")
    page.locator("[data-demo=manager]").click()
    page.get_by_role("link", name="导购任务", exact=True).click()
    page.get_by_text("回访试戴客户").first.wait_for()
    assert "广州天河店" not in page.inner_text("table >> nth=0")

    # The clerk lands on the phone's workbench.
    seen.open("/demo/")
    page.locator("[data-demo=clerk]").click()
    page.wait_for_url(re.compile(r"/w/"))
