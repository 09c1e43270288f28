"""The workbench: a clerk sees and does only what is theirs; closing a task twice changes nothing."""

from __future__ import annotations

import re

import pytest

from siyu.foundation.api import Role
from siyu.interfaces.ui import api as ui
from tests.browser.door import Door
from tests.browser.fixtures import Site

ROUTES = [route for route in ui.routes() if route.callback.__module__.startswith("siyu.interfaces.workbench")]


def address(route: ui.Route, site: Site) -> str:
    known = {"customer_id": site.brand["customers"][0], "task_id": 1}
    return re.sub(r"<int:(\w+)>", lambda match: str(known[match[1]]), route.pattern)


def test_strangers_sign_in_first_and_roles_without_a_workbench_are_refused(site: Site) -> None:
    assert len(ROUTES) == 6
    stranger = Door(site, None)
    for route in ROUTES:
        assert route.rule is not None and Role.CLERK in route.rule.roles
        for answer in (stranger.get(address(route, site)), stranger.post(address(route, site))):
            assert (answer.status_code, answer.headers["location"].split("?")[0]) == (302, "/sign-in/")


def test_another_stores_customer_and_task_are_not_there_for_a_clerk(site: Site) -> None:
    clerk = Door(site, "clerk")
    theirs = site.brand["customers"][0]
    mine = set(site.brand["customers"][3::4])
    shown = re.findall(
        r'id="task-(\d+)".*?/w/people/(\d+)/', Door(site, "manager").get("/w/").text, re.DOTALL
    )
    # A task about a clerk's own customer is the clerk's business whoever it was given to.
    task = next(number for number, customer in shown if int(customer) not in mine)
    assert clerk.get(f"/w/people/{theirs}/").status_code == 404
    assert clerk.post(f"/w/people/{theirs}/tag/", {"tag": "不该有"}).status_code == 404
    assert clerk.post(f"/w/tasks/{task}/close/", {"result": "sent"}).status_code == 404
    assert "不该有" not in Door(site).get(f"/customers/{theirs}/").text
    assert f'id="task-{task}"' in Door(site, "manager").get("/w/").text
    listed = clerk.get("/w/people/").text
    assert listed.count('class="siyu-wb-row"') == len(site.brand["customers"][3::4])


def test_search_and_filters_narrow_the_list(site: Site) -> None:
    clerk = Door(site, "clerk")
    mine = site.brand["customers"][3]
    assert f"/w/people/{mine}/" in clerk.get("/w/people/?q=0003").text
    nobody = clerk.get("/w/people/?q=没有这个人").text
    assert "没有符合的客户" in nobody
    assert clerk.get("/w/people/?show=quiet&page=abc").status_code == 200
    assert clerk.get("/w/people/?show=nonsense&page=99999999").status_code == 200


def test_closing_a_task_needs_a_result_and_happens_once(site: Site) -> None:
    manager = Door(site, "manager")
    before = manager.get("/w/").text
    task = re.findall(r'id="task-(\d+)"', before)[-1]
    assert manager.post(f"/w/tasks/{task}/close/", {"result": "bought"}).status_code == 422
    assert manager.post(f"/w/tasks/{task}/close/").status_code == 422
    assert f'id="task-{task}"' in manager.get("/w/").text
    for _tap in range(2):
        answer = manager.post(f"/w/tasks/{task}/close/", {"result": "sent"})
        assert (answer.status_code, answer.headers["location"]) == (302, "/w/")
    after = manager.get("/w/").text
    assert f'id="task-{task}"' not in after
    assert "已发消息" in after


@pytest.mark.parametrize(
    ("_case", "tag"),
    [("empty", ""), ("spaces", "   "), ("too long", "长" * 200), ("emoji flood", "💍" * 5000)],
)
def test_a_bad_tag_is_refused_and_nothing_changes(_case: str, tag: str, site: Site) -> None:
    clerk, mine = Door(site, "clerk"), site.brand["customers"][3]
    before = clerk.get(f"/w/people/{mine}/").text.count("siyu-wb-tags")
    assert clerk.post(f"/w/people/{mine}/tag/", {"tag": tag}).status_code == 422
    assert clerk.get(f"/w/people/{mine}/").text.count("siyu-wb-tags") == before


def test_a_tag_is_put_on_and_taken_off(site: Site) -> None:
    clerk, mine = Door(site, "clerk"), site.brand["customers"][7]
    clerk.post(f"/w/people/{mine}/tag/", {"tag": "喜欢珍珠"})
    assert "喜欢珍珠" in clerk.get(f"/w/people/{mine}/").text
    clerk.post(f"/w/people/{mine}/tag/", {"tag": "喜欢珍珠", "remove": "1"})
    assert 'value="喜欢珍珠"><button' not in clerk.get(f"/w/people/{mine}/").text
