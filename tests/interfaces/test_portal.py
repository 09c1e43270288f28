"""The customer's page: the signed link is the only key, and a double tap changes nothing."""

from __future__ import annotations

import pytest
from django.core import signing

from siyu.interfaces.ui import api as ui
from siyu.interfaces.ui.member_links import member_link
from tests.browser.door import Door
from tests.browser.fixtures import Site

ROUTES = [route for route in ui.routes() if route.callback.__module__.startswith("siyu.interfaces.portal")]


def test_a_link_shows_the_customers_own_things_and_no_one_elses(site: Site) -> None:
    mine, other = site.brand["customers"][0], site.brand["customers"][2]
    page = Door(site, None).get(member_link(mine))
    assert page.status_code == 200
    assert "赵建国" in page.text
    assert "13912340000" not in page.text
    assert "no-store" in page.headers["cache-control"]
    assert "钱晓燕" not in Door(site, None).get(member_link(other)).text
    assert len(ROUTES) == 2


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "eyJ9:bad:sig",
        signing.dumps(1, salt="siyu:sign-in"),
        signing.dumps("1", salt="siyu:member-page"),
        signing.dumps(10**12, salt="siyu:member-page"),
        "a" * 2000,
    ],
)
def test_an_altered_foreign_or_orphaned_link_says_what_to_do(token: str, site: Site) -> None:
    for who in (None, "owner", "clerk"):
        page = Door(site, who).get(f"/m/{token}/")
        assert page.status_code == 404
        assert "请向您的导购索取新的链接" in page.text
        assert Door(site, who).post(f"/m/{token}/news/", {"wanted": "no"}).status_code == 404


def test_saying_no_twice_is_saying_no_once_and_yes_brings_it_back(site: Site) -> None:
    door, link = Door(site, None), member_link(site.brand["customers"][5])
    assert "您正在接收活动消息" in door.get(link).text
    for _tap in range(2):
        assert door.post(f"{link}news/", {"wanted": "no"}).status_code == 302
    assert "您已停止接收活动消息" in door.get(link).text
    door.post(f"{link}news/", {"wanted": "yes"})
    assert "您正在接收活动消息" in door.get(link).text


def test_a_form_from_elsewhere_is_refused(site: Site) -> None:
    door, link = Door(site, None), member_link(site.brand["customers"][6])
    answer = door.client.post(f"{link}news/", data={"wanted": "no"})
    assert answer.status_code == 403
    assert "您正在接收活动消息" in door.get(link).text
