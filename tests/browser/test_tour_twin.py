"""The newcomer's tour with a simulated customer: one browser plays the phones, another sees siyu beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.flows.town import Town

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SHOWN = 60_000


class Tour:
    """Pages that must stay clean: no console error, nothing asked of anybody but siyu and the twin."""

    def __init__(self, chromium: Any, town: Town) -> None:
        self.chromium = chromium
        self.town = town
        self.troubles: list[str] = []
        self.contexts: list[Any] = []

    def page(self, width: int) -> Any:
        """A page of a fresh visitor."""
        context = self.chromium.new_context(viewport={"width": width, "height": 900}, locale="zh-CN")
        context.set_default_timeout(SHOWN)
        page = context.new_page()
        page.on("console", self._logged)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", self._asked)
        self.contexts.append(context)
        return page

    def sign_in(self, name: str, width: int = 1440) -> Any:
        """One click on the demo's page."""
        page = self.page(width)
        page.goto(f"{self.town.url}/demo/")
        page.locator(f"[data-demo={name}]").click()
        page.wait_for_url(re.compile(r"/(w/)?$"))
        return page

    def _logged(self, message: Any) -> None:
        if message.type == "error":
            self.troubles.append(message.text)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.town.url, self.town.twin.url, "data:", "blob:")):
            self.troubles.append(request.url)


@pytest.fixture
def tour(chromium: Any, town: Town) -> Iterator[Tour]:
    """At the end nothing was in trouble."""
    made = Tour(chromium, town)
    yield made
    for context in made.contexts:
        context.close()
    assert made.troubles == []


def test_scan_buy_refund_and_find_it_all_in_siyu(tour: Tour, town: Town) -> None:
    phone = tour.page(390)
    phone.goto(town.twin.url)
    phone.get_by_label("称呼").fill("周小林")
    phone.get_by_role("button", name="新建一位客户").click()
    phone.get_by_role("button", name="扫码添加").first.click()
    phone.locator(".when", has_text="欢迎语").wait_for()
    phone.get_by_label("商品").select_option(index=3)
    phone.get_by_role("button", name="购买").click()
    phone.get_by_role("button", name="退款").wait_for()
    played = town.twin.get("/twin/people", kind="played", q="周小林")["people"][0]
    found = town.twin.get(f"/twin/person/{played['id']}")
    (follow,), (order,) = found["follows"], found["orders"]
    line = {"line_no": 1, "quantity": 0, "amount": order["amount"] // 3}
    town.twin.post("/twin/refund", order_no=order["order_no"], lines=[line])
    points = (order["amount"] - line["amount"]) // 100
    town.do("settle")

    console = tour.sign_in("operator")
    console.goto(f"{town.url}/customers/?q=周小林")
    console.get_by_role("link", name="周小林").first.click()
    for told in (follow["member_name"], follow["store_name"]):
        console.locator(".siyu-person, .siyu-tag", has_text=told).first.wait_for()
    console.get_by_role("link", name="积分", exact=True).click()
    assert console.locator(".border-bottom .fs-2").first.inner_text() == str(points)
    amounts = [int(text) for text in console.locator("tbody td:nth-child(2)").all_inner_texts()]
    assert sum(amounts) == points

    customer_id = int(re.search(r"/customers/(\d+)/", console.url).group(1))  # type: ignore[union-attr]
    member = tour.page(390)
    member.goto(town.url + town.do("member_page", customer_id=customer_id))
    assert re.search(rf"\b{points}\b", member.inner_text("body").replace(",", ""))
    assert member.evaluate("document.documentElement.scrollWidth") == 390


def test_build_a_segment_and_see_why_somebody_is_in_it(tour: Tour, town: Town) -> None:
    person = town.scan(1, name="吴阿姨")
    town.portrait(person["external_userid"])
    console = tour.sign_in("operator")
    console.get_by_role("link", name="客户分群", exact=True).click()
    console.goto(f"{town.url}/segments/new/")
    console.locator("#name").fill("门店新客")
    console.locator("#g0r0-what").select_option("tag")
    console.locator("input#g0r0-value").fill(town.do("code", clerk=1)["tags"][0])
    console.locator("input#g0r0-value").blur()
    console.locator(".display-6").wait_for()
    console.get_by_role("button", name="保存").click()
    console.wait_for_url(re.compile(r"/segments/\d+/$"))
    console.get_by_text("吴阿姨").first.wait_for()
    console.get_by_role("button", name="为何在内").first.click()
    console.locator("#sheet .modal-body").get_by_text("由此引起").wait_for()


def test_a_clerk_confirms_a_message_and_works_a_task_on_the_phone(tour: Tour, town: Town) -> None:
    person = town.scan(0, name="郑先生")
    external = person["external_userid"]
    town.portrait(external)
    town.do("jump", hour=12, days=4)
    assert ["wecom.mass", "waiting_member"] in town.portrait(external)["deliveries"]
    phone = tour.page(390)
    phone.goto(f"{town.twin.url}/#clerk")
    phone.get_by_label("我是哪位导购").select_option(town.do("code", clerk=0)["userid"])
    phone.get_by_role("button", name="确认发送").first.click()
    phone.get_by_text(re.compile("已发送 [1-9]")).wait_for()
    town.do("jump", hour=18)
    states = [state for channel, state in town.portrait(external)["deliveries"] if channel == "wecom.mass"]
    assert states[0] in ("sent", "delivered")
    console = tour.sign_in("owner")
    console.goto(f"{town.url}/deliveries/")
    console.get_by_text("郑先生").first.wait_for()
    clerk = tour.sign_in("clerk", 390)
    assert clerk.url.endswith("/w/")
    assert clerk.evaluate("document.documentElement.scrollWidth") == 390


def test_an_own_file_is_previewed_and_nothing_is_written(tour: Tour, town: Town) -> None:
    before = town.do("counts")
    console = tour.sign_in("operator")
    console.goto(f"{town.url}/imports/new/")
    content = "订单号,付款时间,手机号,实付金额\nA1,2026-01-02 10:00,13700001111,99.50\nA2,昨天,137,abc\n"
    console.locator("input[type=file]").set_input_files(
        {"name": "我的订单.csv", "mimeType": "text/csv", "buffer": content.encode("gb18030")}
    )
    console.get_by_role("button", name="先预览").click()
    console.get_by_role("heading", name="预览").wait_for()
    console.locator("tr.table-warning", has_text="A2").wait_for()
    assert "99.50" in console.inner_text("#preview table")
    assert town.do("counts") == before
