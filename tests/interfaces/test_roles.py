"""Every page and every role: who gets in is written down here once more, apart from the views themselves."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from django.db import transaction
from django.test import Client

from siyu.foundation import api as foundation
from siyu.foundation.api import Role
from siyu.interfaces.ui import api as ui
from siyu.kit import clock
from tests.browser import brand
from tests.interfaces.test_console_routes import OBJECT, address

B, L, R, S, C, P, V, A, X, M = (
    Role.OWNER, Role.LEAD, Role.REGION_MANAGER, Role.STORE_MANAGER, Role.CLERK, Role.OPERATOR, Role.SERVICE,
    Role.ANALYST, Role.COMPLIANCE, Role.ADMIN,
)  # fmt: skip
EVERYBODY = set(Role)
OFFICE = EVERYBODY - {C}
TABLE: dict[str, set[Role]] = {
    **dict.fromkeys(("customers", "customer", "segment-why"), EVERYBODY),
    **dict.fromkeys(
        ("today", "metric", "segments", "segment", "journeys", "journey", "journey-run", "deliveries", "codes", "code",
         "code-picture"),
        OFFICE,
    ),
    "tasks": OFFICE,
    "customers-export": {B, L, P, R, S, A},
    **dict.fromkeys(("customers-tag", "customer-tag"), {B, L, P, R, S, C, V}),
    **dict.fromkeys(("customer-assign", "customer-assign-form", "deliveries-act"), {B, L, P, R, S}),
    **dict.fromkeys(("merge-cases", "merge-case", "merge-undo"), {B, L, P, X}),
    **dict.fromkeys(("customer-personal", "customer-erase"), {B, X}),
    **dict.fromkeys(("unmatched", "claim-form", "claim"), {B, L, P, R, S, V}),
    **dict.fromkeys(
        ("imports", "import-new", "import-preview", "import", "import-stop", "import-resume", "import-quarantine"),
        {B, L, P, M},
    ),
    **dict.fromkeys(("segment-new", "segment-form-part", "segment-edit", "segment-archive"), {B, L, P, A}),
    **dict.fromkeys(
        ("journey-new", "journey-act", "journey-edit", "journey-step-new", "journey-step", "journey-step-act"), {B, L, P}
    ),
    **dict.fromkeys(("code-new", "code-edit", "code-act"), {B, L, P, R, S}),
    **dict.fromkeys(("organisation", "employee"), {B, L, R, S, P, M, A, X}),
    **dict.fromkeys(
        ("accounts", "account-new", "account", "account-switch", "connections", "connection-new", "connection",
         "connection-check", "connection-pull", "api-keys", "api-key-revoke"),
        {B, M},
    ),
    **dict.fromkeys(("settings", "setting"), {B, L, M}),
    "audit": {B, M, X},
    **dict.fromkeys(("dead-letters", "dead-replay", "inbox-replay", "jobs", "job-act"), {B, L, P, M}),
}  # fmt: skip
FIELD = {"today": 0, "task-close": 0, "people": 0, "person": 0, "person-tag": 0, "me": 0}
CLERKS = {B, L, P, R, S, C}
OPEN = {"sign-in", "sign-out", "language", "demo", "demo-sign-in"}


def rooms(name: str) -> list[ui.Route]:
    """The routes of one room."""
    return [route for route in ui.routes() if route.callback.__module__.startswith(f"siyu.interfaces.{name}")]


def test_the_table_names_every_page() -> None:
    assert {route.name for route in rooms("console")} == set(TABLE) | OPEN
    assert {route.name for route in rooms("workbench")} == set(FIELD)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_each_role_gets_in_where_the_table_says_and_nowhere_else() -> None:
    made = brand.make(clock.business_now())
    pages = [
        *(
            (address(route, asdict(made)), TABLE[route.name])
            for route in rooms("console")
            if route.name in TABLE
        ),
        *((OBJECT.sub(str(made.customers[3]), route.pattern), CLERKS) for route in rooms("workbench")),
    ]
    wrong = []
    for role in Role:
        foundation.create_account(
            username=f"is-{role}",
            display_name="x",
            role=role,
            scopes=["all"],
            at=made.at,
            by=foundation.SYSTEM,
        )
        client = Client()
        user = foundation.account_for_username(f"is-{role}")
        assert user is not None
        client.force_login(user)
        for path, allowed in pages:
            with transaction.atomic():
                got, sent = (
                    client.get(path).status_code,
                    0 if role in allowed else client.post(path).status_code,
                )
                transaction.set_rollback(True)
            if ((got, sent) == (403, 403)) is (role in allowed) or (role in allowed and got >= 500):
                wrong.append((role.value, path, got, sent))
    assert wrong == []
