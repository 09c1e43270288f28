"""Every route of every page: who may enter, what a stranger and a clerk of another store get."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.http import Http404, HttpRequest, HttpResponse

from siyu.foundation.api import Role
from siyu.interfaces.ui import api as ui
from siyu.interfaces.ui.middleware import RouteRules
from tests.browser.door import Door
from tests.browser.fixtures import Site

ROUTES = [route for route in ui.routes() if route.callback.__module__.startswith("siyu.interfaces.console")]
OBJECT = re.compile(r"<(?:\w+:)?(\w+)>")
# Parameters that name a thing somebody may not see. The others name vocabulary (a metric, a setting).
THINGS = {"customer_id", "order_id", "code_id", "employee_id"}
# Things the small brand has none of; an owner gets 404 for them.
ABSENT = {
    "import_id",
    "file_id",
    "dead_id",
    "message_id",
    "key_id",
    "enrolment_id",
    "username",
    "case_id",
    "merge_id",
}


def address(route: ui.Route, brand: dict[str, Any]) -> str:
    """The route's address with ids of the Shanghai store, whose people a clerk in Guangzhou must not see."""
    known = {
        "customer_id": brand["customers"][0], "segment_id": brand["segment_id"], "order_id": brand["unmatched_id"],
        "code_id": brand["code_id"], "employee_id": brand["employees"]["lina"], "journey_id": brand["journey_id"],
        "step_id": "welcome", "account_id": 1, "job_id": 1, "kind": "wecom", "key": "brand.name",
        "import_id": 999, "file_id": 999, "dead_id": 999, "message_id": 999, "key_id": 999, "enrolment_id": 999, "case_id": 999, "merge_id": 999,
        "username": "nonsense",
    }  # fmt: skip
    if route.name == "metric":
        known["key"] = "sales"
    if route.name.startswith("connection"):
        known["key"] = "none"
    found = OBJECT.sub(lambda match: str(known[match[1]]), route.pattern)
    return f"{found}?type=wait" if route.name == "journey-step-new" else found


def params(route: ui.Route) -> set[str]:
    """Names of the route's parameters."""
    return set(OBJECT.findall(route.pattern))


def test_every_route_of_the_installation_declares_a_rule() -> None:
    assert [route.pattern for route in ui.routes() if route.rule is None] == []
    assert len(ROUTES) > 60


def test_a_route_without_a_rule_is_closed_and_would_be_named() -> None:
    def bare(request: HttpRequest) -> HttpResponse:
        return HttpResponse("open")

    assert ui.rule_of(bare) is None
    with pytest.raises(Http404):
        RouteRules(bare).process_view(HttpRequest(), bare, [], {})
    with pytest.raises(ValueError):
        ui.rule()
    with pytest.raises(ValueError):
        ui.rule(roles={Role.OWNER}, open_because="both")


def test_a_stranger_is_sent_to_sign_in_from_every_closed_route(site: Site) -> None:
    door = Door(site, None)
    for route in ROUTES:
        assert route.rule is not None
        if route.rule.open_because:
            continue
        path = address(route, site.brand)
        for answer in (door.get(path), door.post(path)):
            assert answer.status_code == 302, path
            assert answer.headers["location"].startswith("/sign-in/?next="), path
    part = door.get("/segments/", **{"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Redirect"], part.text) == (401, "/sign-in/", "")


def test_a_clerk_of_another_store_sees_nothing_of_this_one(site: Site) -> None:
    door = Door(site, "clerk")
    for route in ROUTES:
        assert route.rule is not None
        if route.rule.open_because:
            continue
        path = address(route, site.brand)
        allowed = Role.CLERK in route.rule.roles
        for answer in (door.get(path), door.post(path)):
            if not allowed:
                assert answer.status_code == 403, path
            elif params(route) & THINGS:
                assert answer.status_code in (404, 405), path
            assert "李娜" not in answer.text or answer.status_code == 302, path
    listed = door.get("/customers/").text
    assert listed.count("<tr data-href") == len(site.brand["customers"][3::4])


def test_a_manager_gets_404_for_everything_of_another_region(site: Site) -> None:
    door = Door(site, "manager")
    far, chen = site.brand["far_customer"], site.brand["employees"]["chenchen"]
    for path in (
        f"/customers/{far}/", f"/customers/{far}/?tab=orders", f"/customers/{far}/steward/",
        f"/customers/{far}/why/{site.brand['segment_id']}/", f"/settings/organisation/{chen}/",
        f"/settings/organisation/?unit={site.brand['units']['S31']}",
    ):  # fmt: skip
        answer = door.get(path)
        assert answer.status_code == 404, path
        assert "不在你的可见范围内" in answer.text
    mine = site.brand["customers"][0]
    for path, form in (
        (f"/customers/{far}/tag/", {"tag": "不该有"}),
        (f"/customers/{far}/assign/", {"employee": str(chen)}),
        (f"/customers/{mine}/assign/", {"employee": str(chen)}),
        ("/customers/tag/", {"id": [str(mine), str(far)], "tag": "不该有"}),
    ):
        assert door.post(path, form).status_code == 404, path
    assert "不该有" not in Door(site).get(f"/customers/{mine}/").text
    assert "不该有" not in Door(site).get(f"/customers/{far}/").text
    rows = door.get("/customers/export/").text.strip().splitlines()
    assert f"\n{far}," not in "\n".join(rows)
    assert len(rows) < len(site.brand["customers"])


def test_the_owner_may_open_everything(site: Site) -> None:
    door = Door(site)
    for route in ROUTES:
        path = address(route, site.brand)
        answer = door.get(path)
        wanted = {200, 302, 405}
        if params(route) & ABSENT or path.endswith("/none/"):
            wanted |= {404, 422}
        assert answer.status_code in wanted, f"{path} {answer.status_code}"
