"""The addresses ``siyu demo`` prints sign in with one click, in a demonstration only."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings

from siyu.config.demo.people import SIGN_INS
from siyu.foundation import api as foundation
from siyu.kit import clock
from tests.browser.door import Door
from tests.browser.fixtures import Site


@pytest.mark.parametrize(("_label", "username"), SIGN_INS)
def test_each_printed_address_signs_in_and_lands_at_home(_label: str, username: str, site: Site) -> None:
    door = Door(site, None)
    answer = door.get(f"/demo/{username}/")
    home = "/w/" if username == "clerk" else "/"
    assert (answer.status_code, answer.headers["Location"]) == (302, home)
    assert door.get(home).status_code == 200


def test_somebody_unknown_is_not_found(site: Site) -> None:
    door = Door(site, None)
    assert door.get("/demo/nobody/").status_code == 404
    assert door.get("/").status_code == 302


@pytest.mark.django_db
@override_settings(SIYU_DEMO=False)
def test_an_installation_that_is_no_demonstration_has_no_such_door() -> None:
    foundation.create_account(
        username="owner",
        display_name="O",
        role=foundation.Role.OWNER,
        scopes=["all"],
        password="glass-1-river",
        at=clock.business_now(),
        by=foundation.SYSTEM,
    )
    client = Client()
    assert client.get("/demo/owner/").status_code == 404
    assert client.get("/demo/").status_code == 404
    assert "_auth_user_id" not in client.session
