"""Click through the console as the owner at a desk; each page loads clean, fits, and is in the reader's language."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser.fixtures import MakeVisitor, Site

pytestmark = pytest.mark.browser


def pages(site: Site) -> list[str]:
    """Every page of the console that a person opens."""
    brand: dict[str, Any] = site.brand
    person, journey, segment, code = (
        brand["customers"][0],
        brand["journey_id"],
        brand["segment_id"],
        brand["code_id"],
    )
    employee = brand["employees"]["lina"]
    return [
        "/",
        "/metrics/sales/",
        "/metrics/task_completion/?day=2020-01-01",
        "/customers/",
        "/customers/?q=0001&stage=active&sort=-net_total&col=rfm&col=points&col=spent",
        "/customers/?q=nobody-is-called-so",
        f"/customers/{person}/",
        *(f"/customers/{person}/?tab={tab}" for tab in ("orders", "points", "deliveries", "tasks")),
        f"/customers/{brand['customers'][1]}/",
        "/orders/unmatched/",
        "/customers/merges/",
        "/imports/",
        "/imports/new/",
        "/segments/",
        "/segments/new/",
        f"/segments/{segment}/",
        f"/segments/{segment}/edit/",
        "/journeys/",
        "/journeys/new/",
        f"/journeys/{journey}/",
        f"/journeys/{journey}/?tab=skips",
        f"/journeys/{journey}/edit/",
        f"/journeys/{journey}/steps/welcome/",
        f"/journeys/{journey}/steps/bought/",
        f"/journeys/{journey}/steps/new/?type=wait_for&after=welcome",
        "/tasks/",
        "/deliveries/",
        "/deliveries/?state=failed",
        "/codes/",
        "/codes/new/",
        f"/codes/{code}/",
        f"/codes/{code}/edit/",
        "/settings/organisation/",
        f"/settings/organisation/?unit={brand['units']['S21']}",
        f"/settings/organisation/{employee}/",
        "/settings/accounts/",
        "/settings/accounts/new/",
        "/settings/connections/",
        "/settings/connections/wecom/new/",
        "/settings/preferences/",
        "/settings/preferences/brand.name/",
        "/settings/audit/",
        "/settings/api-keys/",
        "/settings/dead-letters/",
        "/settings/jobs/",
    ]


# What may stand in Latin letters on a Chinese page: names of things, codes, examples.
LATIN = re.compile(
    r"siyu|[Ss]cript|alert|WeCom|RFM|\b[RFM][–1-5]|API|JSON|CSV|XLSX|UTF-8|GB18030|English|Esc|ID|id|SOP|KPI|\bms\b|CorpID|AgentId|"
    r"Token|EncodingAESKey|Secret|corpid|qyapi|https?:\S+|18K|POS\w*|TM\d+|[a-z_]+[._:#][\w.:*#-]*|[#\w]+=\S*|\{\w+\}|H5|¥|kf|"
    r"wangmin|lina|zhaoxue|chenchen|owner|operator|manager|clerk|A股|iOS|openid|unionid|Excel|OK|day|P\d+|R\d+|N-\d+|G-\d+|E-\d+|mm/dd/yyyy"
)


# Texts that are labels of ours, not content of the brand's.
LABELS = "h1, h2, h3, label, legend, th, button, .btn, .nav-link, .form-hint, .empty-title, .empty-subtitle, .badge, .subheader, option"


@pytest.mark.slow
def test_every_page_loads_clean_in_chinese_and_fits_desk_and_phone(site: Site, visitor: MakeVisitor) -> None:
    seen = visitor("owner")
    english: dict[str, list[str]] = {}
    for path in pages(site):
        page = seen.open(path)
        assert page.get_attribute("html", "lang") == "zh-CN"
        shown = page.evaluate(
            f"[...document.querySelectorAll('{LABELS}')].map(one => one.textContent.trim())"
        )
        left = [text for text in shown if re.search(r"[A-Za-z]{2,}", LATIN.sub("", text))]
        if left:
            english[path] = sorted(set(left))
        page.set_viewport_size({"width": 390, "height": 844})
        seen.check(path, width=390)
        page.set_viewport_size({"width": 1440, "height": 900})
    assert english == {}


def test_the_shell_in_english(site: Site, visitor: MakeVisitor) -> None:
    seen = visitor("owner", language="en")
    for path in ("/", "/customers/", f"/customers/{site.brand['customers'][0]}/", "/segments/new/"):
        page = seen.open(path)
        assert page.get_attribute("html", "lang") == "en"
    assert page.inner_text("h1") == "New segment"


def test_demo_sign_in_language_and_sign_out(site: Site, visitor: MakeVisitor) -> None:
    seen = visitor(None)
    page = seen.open("/customers/")
    assert "/sign-in/" in page.url
    page.get_by_role("link", name="进入演示").click()
    assert page.locator("[data-demo]").count() == 4
    page.locator("[data-demo=operator]").click()
    page.wait_for_url(site.url + "/")
    assert "模拟数据" in page.inner_text(".siyu-demo")
    page.locator("aside .dropup .nav-link").click()
    page.get_by_role("button", name="English").click()
    page.get_by_role("heading", name="Today").wait_for()
    page.locator("aside .dropup .nav-link").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()


def test_password_sign_in_says_what_is_wrong_and_keeps_the_name(site: Site, visitor: MakeVisitor) -> None:
    page = visitor(None, fine=("422",)).open("/sign-in/?next=/segments/")
    page.get_by_label("用户名").fill("owner")
    page.get_by_label("密码").fill("wrong")
    page.get_by_role("button", name="登录").click()
    page.get_by_text("用户名或密码不正确").wait_for()
    assert page.get_by_label("用户名").input_value() == "owner"
    page.get_by_label("密码").fill("glass-river-42")
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(site.url + "/segments/")


def test_keys_search_help_and_escape(visitor: MakeVisitor) -> None:
    page = visitor("owner").open("/customers/")
    page.keyboard.press("/")
    page.keyboard.type("0003")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/?q=0003")
    assert page.locator("tbody tr").count() == 1
    page.locator("h1").click()
    page.keyboard.press("?")
    page.locator("#help.show").wait_for()
    page.keyboard.press("Escape")
    page.locator("#help").wait_for(state="hidden")


def test_filter_choose_many_and_tag(visitor: MakeVisitor) -> None:
    page = visitor("owner").open("/customers/")
    page.locator("select[name=tag]").select_option("婚庆意向")
    page.wait_for_url("**tag=**")
    assert page.locator("tbody tr").count() == 9
    page.locator("[data-choose-all]").check()
    assert "已选 9 项" in page.inner_text("[data-bulk]")
    page.locator("[data-bulk] input[name=tag]").fill("七夕邀请")
    page.locator("[data-bulk] button[value=add]").click()
    page.get_by_text("已为 9 位客户打上标签「七夕邀请」。").wait_for()
    assert "tag=" in page.url
    page.locator("tbody tr td").nth(3).click()
    page.locator(".siyu-tag", has_text="七夕邀请").wait_for()


def test_a_row_opens_the_customer_and_why_is_explained(visitor: MakeVisitor) -> None:
    page = visitor("owner").open("/customers/?q=0000")
    page.locator("tbody tr td").nth(3).click()
    page.wait_for_url(re.compile(r"/customers/\d+/"))
    page.get_by_role("button", name="为何在内").first.click()
    page.locator("#sheet.show").wait_for()
    assert page.locator("#sheet .ti-circle-check").count() >= 1
    page.keyboard.press("Escape")
    page.locator("#sheet").wait_for(state="hidden")
    page.get_by_role("link", name="订单", exact=True).click()
    page.get_by_text("POS20260000").first.wait_for()


def test_build_a_segment_with_a_live_count(visitor: MakeVisitor) -> None:
    page = visitor("owner").open("/segments/new/")
    page.locator("#name").fill("买过两次以上的高潜")
    page.locator("#g0r0-what").select_option("tag")
    page.locator("input#g0r0-value").fill("高潜")
    page.locator("input#g0r0-value").blur()
    page.locator(".display-6", has_text="10").wait_for()
    page.get_by_role("button", name="条件", exact=True).click()
    page.locator("#g0r1-what").wait_for()
    page.locator("#g0r1-what").select_option("trait:orders")
    page.locator("input#g0r1-value").fill("3")
    page.locator("input#g0r1-value").blur()
    page.locator(".siyu-row.border-danger").first.wait_for(state="detached")
    page.locator(".display-6").wait_for()
    page.get_by_role("button", name="保存").click()
    page.wait_for_url(re.compile(r"/segments/\d+/$"))
    assert "买过两次以上的高潜" in page.inner_text("h1")


def test_change_the_steward_and_claim_an_order(site: Site, visitor: MakeVisitor) -> None:
    page = visitor("owner").open(f"/customers/{site.brand['customers'][8]}/")
    page.get_by_role("button", name="更换专属导购").click()
    page.locator("#assign-employee").select_option(str(site.brand["employees"]["zhaoxue"]))
    page.locator("#sheet").get_by_role("button", name="更换专属导购").click()
    page.get_by_text("专属导购已更换。").wait_for()
    assert "赵雪" in page.inner_text(".col-lg-4")
    page.goto(site.url + "/orders/unmatched/")
    before = page.locator("tbody tr").count()
    page.get_by_role("button", name="认领").first.click()
    page.get_by_label("查找客户").fill("0002")
    page.get_by_role("button", name="就是这位客户").first.click()
    page.get_by_text("订单已归到这位客户").wait_for()
    assert page.locator("tbody tr").count() == before - 1


def test_edit_a_journey_step_publish_and_pause(site: Site, visitor: MakeVisitor) -> None:
    journey = site.brand["journey_id"]
    page = visitor("owner").open(f"/journeys/{journey}/steps/three_days/")
    page.locator("#p-days").fill("2")
    page.get_by_role("button", name="保存草稿").click()
    page.get_by_text("草稿已保存").wait_for()
    page.get_by_role("button", name="发布").click()
    page.locator("#confirm.show").get_by_role("button", name="确定").click()
    page.get_by_text("版本 2 已上线").wait_for()
    page.get_by_role("button", name="暂停").click()
    page.locator("#confirm.show").get_by_role("button", name="确定").click()
    page.get_by_text("已暂停:").wait_for()
    page.get_by_role("button", name="恢复").click()
    page.get_by_text("已恢复").wait_for()


def test_a_chart_has_its_table_behind_it(visitor: MakeVisitor) -> None:
    page = visitor("owner").open("/")
    page.locator("[data-chart] canvas").wait_for()
    page.get_by_role("button", name="表格").click()
    assert page.locator("#chart-table tbody tr").count() == 30
    assert page.locator("#chart-box").is_hidden()


def test_an_api_key_is_shown_once(visitor: MakeVisitor) -> None:
    page = visitor("owner").open("/settings/api-keys/")
    page.get_by_label("名称").fill("商城")
    page.get_by_role("button", name="生成密钥").click()
    key = page.inner_text("#new-key")
    assert key.startswith("siyu_")
    page.goto(page.url)
    assert key not in page.inner_text("body")
    assert "商城" in page.inner_text("table")


def test_a_store_manager_sees_one_store_and_no_settings_of_others(site: Site, visitor: MakeVisitor) -> None:
    seen = visitor("manager", fine=("404", "403"))
    page = seen.open("/customers/")
    assert page.locator("tbody tr").count() < len(site.brand["customers"])
    assert page.get_by_role("link", name="订单导入").count() == 0
    seen.open(f"/customers/{site.brand['far_customer']}/", status=404)
    page = seen.open("/settings/accounts/", status=403)
    assert "你的角色不能打开这个页面。" in page.inner_text("body")
