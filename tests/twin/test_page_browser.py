"""A person plays a customer, then a clerk, in a real browser at phone width."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.twin.twin_process import Twin

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

pytestmark = pytest.mark.browser


@pytest.fixture
def phone(playwright: Any, twin: Twin) -> Iterator[Any]:
    """A page 390 pixels wide; at the end nothing was asked elsewhere and no error was logged."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "install Debian's chromium and fonts-noto-cjk"
    browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
    page = browser.new_page(viewport={"width": 390, "height": 844}, base_url=twin.url)
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith(twin.url) else troubles.append(asked.url))
    yield page
    width = page.evaluate("document.documentElement.scrollWidth")
    browser.close()
    assert troubles == []
    assert width == 390


def test_a_customer_and_a_clerk(twin: Twin, phone: Any) -> None:
    clerk = twin.clerks()[1]
    member = next(item for item in twin.config["members"] if item["userid"] == clerk)
    twin.code_for(clerk, remark="橱窗")
    phone.goto("/")
    phone.get_by_label("称呼").fill("小林")
    phone.get_by_role("button", name="新建一位客户").click()
    phone.get_by_role("button", name="扫码添加").click()
    phone.get_by_role("heading", name=member["name"]).wait_for()
    added = twin.rows("adds")[0]
    assert (added["userid"], twin.rows("scans")[0]["person"]) == (clerk, "p0001")
    twin.call(
        "~send_welcome_msg", {"welcome_code": added["welcome_code"], "text": {"content": "您好,欢迎光临"}}
    )
    phone.get_by_text("您好,欢迎光临").wait_for()
    phone.get_by_label("商品").select_option("AG001")
    phone.get_by_role("button", name="购买").click()
    phone.get_by_role("button", name="退款").click()
    phone.get_by_text("已退 ¥299.00").wait_for()
    record = twin.record()
    assert (record["orders"]["amount"], record["refunds"]["amount"]) == (29_900, 29_900)

    body = {"external_userid": [added["external_userid"]], "text": {"content": "本周新品"}}
    twin.call("~add_msg_template", body)
    twin.advance(3)
    phone.get_by_role("tab", name="扮演导购").click()
    phone.get_by_label("我是哪位导购").select_option(clerk)
    phone.get_by_role("button", name="确认发送").click()
    phone.get_by_text("已发送 1 人").wait_for()
    phone.get_by_role("tab", name="扮演客户").click()
    phone.get_by_text("本周新品").wait_for()
    phone.get_by_role("button", name="删除好友").click()
    phone.get_by_text("已不是好友").wait_for()
    assert twin.record()["blocks"]["total"] == 1


def test_a_code_opened_by_its_picture_and_a_request(twin: Twin, phone: Any) -> None:
    clerk = twin.clerks()[0]
    config_id = twin.code_for(clerk, skip_verify=False)
    phone.goto(f"/qr/{config_id}")
    phone.get_by_role("button", name="扫码添加").click()
    phone.get_by_text("等待通过").wait_for()
    phone.get_by_role("tab", name="扮演导购").click()
    phone.get_by_label("我是哪位导购").select_option(clerk)
    phone.get_by_role("button", name="通过").click()
    phone.get_by_text("没有待发送的任务").wait_for()
    phone.get_by_text("新的客户申请").wait_for(state="hidden")
    assert twin.record()["adds"]["total"] == 1
    phone.goto("/qr/unknown")
    phone.get_by_text("二维码已失效").wait_for()
