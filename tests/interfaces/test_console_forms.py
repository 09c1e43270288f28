"""Forms and addresses of the console with sense and nonsense in them: a clear answer, nothing half done."""

from __future__ import annotations

import csv
import io

from tests.browser.door import Door
from tests.browser.fixtures import Site

NONSENSE = "😀" * 2500


def test_nonsense_in_the_address_never_breaks_a_list(site: Site) -> None:
    door = Door(site)
    for path in (
        "/customers/?page=0&unit=x&employee=9999999999999999999999&sort=password&stage=x&q=%27%3B--",
        f"/customers/?q={'x' * 500}&tag={'y' * 500}&bought_within=-5&col=nothing",
        "/customers/?page=99999999999999999999",
        "/deliveries/?state=nothing&first=2026-13-45&last=x&channel=%3Cscript%3E&purpose=x",
        "/orders/unmatched/?source=%27&page=-1",
        "/tasks/?state=x&employee=%F0%9F%98%80",
        "/metrics/sales/?day=yesterday&page=abc",
        f"/customers/{site.brand['customers'][0]}/?tab=nothing&before=2026_x",
        f"/journeys/{site.brand['journey_id']}/?step=%27&state=x&tab=y",
        "/settings/audit/?kind=%27%22&page=x",
        "/settings/jobs/?state=x",
        "/settings/organisation/?q=%25_%5C",
        f"/segments/{site.brand['segment_id']}/?sort=drop&q=%25",
    ):
        answer = door.get(path)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text


def test_a_nul_character_is_refused_before_it_reaches_the_database(site: Site) -> None:
    door = Door(site)
    for answer in (
        door.get("/customers/?q=a%00b"),
        door.post("/customers/tag/", {"id": "1", "tag": "a\0b"}),
        Door(site, None).post("/sign-in/", {"username": "a\0", "password": "x"}),
    ):
        assert answer.status_code == 422
        assert "无法保存的字符" in answer.text


def test_what_was_typed_is_shown_as_text(site: Site) -> None:
    page = Door(site).get(f"/customers/{site.brand['customers'][0]}/").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_bad_tags_are_refused_with_a_sentence(site: Site) -> None:
    door, person = Door(site), site.brand["customers"][5]
    before = door.get(f"/customers/{person}/").text.count("siyu-tag")
    for name in ("", "   ", NONSENSE):
        answer = door.post(f"/customers/{person}/tag/", {"tag": name})
        assert answer.status_code == 422, name[:10]
        assert "无法提交" in answer.text
    for form in (
        {"tag": "好"},
        {"id": ["x"], "tag": "好"},
        {"id": [str(n) for n in range(1, 1100)], "tag": "好"},
    ):
        assert door.post("/customers/tag/", form).status_code in (400, 422)
    assert door.get(f"/customers/{person}/").text.count("siyu-tag") == before


def test_the_export_is_formula_safe_masked_and_filtered(site: Site) -> None:
    door = Door(site)
    answer = door.get("/customers/export/?tag=婚庆意向&col=tags&col=spent")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0] == ["客户编号", "姓名", "手机号", "标签", "净消费"] or rows[0][0] == "客户编号"
    assert len(rows) == 10
    assert all("****" in row[2] for row in rows[1:])
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows[1:] for cell in row)
    assert "customers.exported" in door.get("/settings/audit/").text


def test_a_bad_segment_keeps_what_was_typed_and_makes_nothing(site: Site) -> None:
    door = Door(site)
    before = door.get("/segments/").text.count("<tr data-href")
    form = {
        "name": "坏规则", "groups": "1", "mode": "all", "g0-mode": "all", "g0-rows": "2",
        "g0r0-what": "trait:orders", "g0r0-op": "at_least", "g0r0-value": "三",
        "g0r1-what": "tag", "g0r1-op": "has", "g0r1-value": "",
    }  # fmt: skip
    answer = door.post("/segments/new/", form)
    assert answer.status_code == 422
    assert 'value="坏规则"' in answer.text
    assert 'value="三"' in answer.text
    assert answer.text.count("border-danger") >= 1
    for broken in ({"groups": "999"}, {"groups": "1", "g0-rows": "1", "g0r0-what": "trait:nothing"}, {}):
        assert door.post("/segments/form/", broken).status_code == 200
    assert door.get("/segments/").text.count("<tr data-href") == before


def test_a_journey_that_cannot_run_is_refused_and_the_draft_stays(site: Site) -> None:
    door, place = Door(site), f"/journeys/{site.brand['journey_id']}/steps"
    before = door.get(f"/journeys/{site.brand['journey_id']}/edit/").text.count("siyu-step-card")
    for path, form in (
        (f"{place}/new/", {"type": "wait", "after": "welcome", "label": "空等"}),
        (f"{place}/new/", {"type": "message", "after": "welcome", "p-text": ""}),
        (f"{place}/three_days/", {"type": "wait", "p-days": "-3"}),
        (f"{place}/bought/", {"type": "branch", "cases": "{not json", "otherwise": "invite"}),
    ):
        assert door.post(path, form).status_code == 422, form
    assert door.post(f"{place}/new/", {"type": "nothing"}).status_code == 404
    assert door.post("/journeys/new/", {"name": "", "fact": "nothing"}).status_code == 422
    after = door.get(f"/journeys/{site.brand['journey_id']}/edit/").text.count("siyu-step-card")
    assert after == before


def test_files_that_are_no_orders_say_so(site: Site) -> None:
    door = Door(site)
    files = {
        "empty.csv": b"",
        "garbage.xlsx": b"PK\x03\x04 cut off",
        "binary.csv": bytes(range(256)) * 40,
    }
    for name, content in files.items():
        answer = door.post("/imports/new/", files={"file": (name, content)})
        if answer.status_code == 302:
            answer = door.get(answer.headers["location"])
            assert answer.status_code in (200, 422), name
            assert "disabled" in answer.text or answer.status_code == 422, name
        else:
            assert answer.status_code == 422, name
    assert door.post("/imports/new/").status_code == 422


def test_an_order_file_is_previewed_then_imported_once_started(site: Site) -> None:
    door = Door(site)
    lines = "order_no,phone,paid_at,amount,product\nG1,13912340001,2026-10-01 10:00,=1+1,链\n"
    lines += "".join(f"G{n},1391234{n:04d},2026-10-01 10:00,199.00,银链\n" for n in range(2, 20))
    uploaded = door.post("/imports/new/", files={"file": ("orders.csv", lines.encode())})
    assert uploaded.status_code == 302, uploaded.text[-500:]
    shown = door.get(uploaded.headers["location"])
    assert shown.status_code == 200
    assert "G2" in shown.text


def test_settings_take_only_their_own_kind_of_value(site: Site) -> None:
    door = Door(site)
    page = door.get("/settings/preferences/").text
    assert "brand.name" in page
    assert door.get("/settings/preferences/no.such.setting/").status_code == 404
    past = door.post("/settings/preferences/brand.name/", {"value": "新名", "from": "2020-01-01"})
    assert past.status_code == 422
    assert 'value="新名"' in past.text
    assert "新名" not in door.get("/settings/preferences/").text


def test_accounts_protect_themselves(site: Site) -> None:
    door = Door(site)
    short = {"username": "newbie", "display_name": "新人", "role": "clerk", "scope": "all", "password": "123"}
    answer = door.post("/settings/accounts/new/", short)
    assert answer.status_code == 422
    assert 'value="newbie"' in answer.text
    assert "123" not in answer.text.split("password")[1][:200]
    taken = {**short, "username": "owner", "password": "long-enough-words"}
    assert door.post("/settings/accounts/new/", taken).status_code == 422
    assert door.post("/settings/accounts/1/switch/", {"act": "stop"}).status_code == 422
    demoted = {"display_name": "沈青禾", "role": "clerk", "scope": "all", "password": ""}
    assert door.post("/settings/accounts/1/", demoted).status_code == 422
    assert door.get("/settings/accounts/").status_code == 200


def test_a_form_without_protection_is_refused(site: Site) -> None:
    door = Door(site)
    answer = door.client.post("/customers/tag/", data={"id": "1", "tag": "x"})
    assert answer.status_code == 403
    assert "表单已过期" in answer.text


def test_signing_in_never_leads_elsewhere(site: Site) -> None:
    door = Door(site, None)
    form = {"username": "owner", "password": "glass-river-42", "next": "https://example.com/"}
    answer = door.post("/sign-in/", form)
    assert (answer.status_code, answer.headers["location"]) == (302, "/")
    assert Door(site, None).post("/sign-in/", {**form, "password": "no"}).status_code == 422


def test_a_page_may_load_only_from_the_installation(site: Site) -> None:
    policy = Door(site).get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "script-src 'self'" in policy.split("; ")
