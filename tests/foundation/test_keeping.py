"""Accounts, audit, settings, secrets and files: kept as promised, refused in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from siyu.foundation import api as foundation
from siyu.foundation.api import SYSTEM, Role
from siyu.kit.errors import BadInput, NotFound

AT = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


@given(st.binary(max_size=300))
def test_what_is_sealed_opens_again_for_its_purpose_only(value: bytes) -> None:
    sealed = foundation.seal(value, "a")
    assert foundation.unseal(sealed, "a") == value
    for broken in (
        sealed[:-1],
        sealed[:20] + bytes([sealed[20] ^ 1]) + sealed[21:],
        b"",
        b"\x02" + sealed[1:],
    ):
        with pytest.raises(ValueError):
            foundation.unseal(broken, "a")
    with pytest.raises(ValueError):
        foundation.unseal(sealed, "b")


def test_signed_values_expire_and_cannot_be_altered_or_moved() -> None:
    token = foundation.sign({"id": 7}, "link")
    assert foundation.unsign(token, "link") == {"id": 7}
    for wrong, purpose in ((token[:-1] + "x", "link"), (token, "other"), ("", "link")):
        with pytest.raises(BadInput) as caught:
            foundation.unsign(wrong, purpose)
        assert caught.value.code == "link.invalid"
    with pytest.raises(BadInput) as caught:
        foundation.unsign(token, "link", timedelta(seconds=-1))
    assert caught.value.code == "link.expired"


def test_keyed_hashes_differ_by_purpose() -> None:
    assert foundation.keyed_hash("138", "phone") == foundation.keyed_hash("138", "phone")
    assert foundation.keyed_hash("138", "phone") != foundation.keyed_hash("138", "name")


@pytest.mark.django_db
def test_a_setting_has_the_value_of_its_date() -> None:
    key = "brand.name"
    before = foundation.get_setting(key, at=AT)
    foundation.set_setting(key, "青禾", at=AT, by=SYSTEM, effective_from=AT + timedelta(days=1))
    assert foundation.get_setting(key, at=AT) == before
    assert foundation.get_setting(key, at=AT + timedelta(days=2)) == "青禾"
    [row] = foundation.list_audit(object_kind="setting", object_id=key).items
    assert (row.verb, row.detail) == ("setting.changed", {"value": "青禾"})


@pytest.mark.django_db
@pytest.mark.parametrize("value", [7, None, True, ["x"]])
def test_a_setting_of_another_type_is_refused_and_unchanged(value: object) -> None:
    with pytest.raises(BadInput):
        foundation.set_setting("brand.name", value, at=AT, by=SYSTEM)
    assert foundation.list_audit(object_kind="setting").total == 0


@pytest.mark.django_db
def test_every_declared_setting_has_a_default_of_its_type() -> None:
    for view in foundation.list_settings(at=AT):
        assert isinstance(view.value, view.type.type), view.type.key


@pytest.mark.django_db
def test_audit_rows_cannot_be_changed_or_removed() -> None:
    foundation.audit(SYSTEM, "thing.done", "thing", 1, at=AT)
    for statement in (
        "UPDATE foundation_audit_auditrow SET verb = 'x'",
        "DELETE FROM foundation_audit_auditrow",
    ):
        with pytest.raises(Exception, match="append-only"), foundation.savepoint():
            foundation.execute(statement)
    assert foundation.list_audit().items[0].verb == "thing.done"


@pytest.mark.django_db
def test_a_key_is_read_once_and_ends_at_once() -> None:
    view, plaintext = foundation.create_api_key(
        name="shop", role=Role.OPERATOR, scopes=["unit:3"], at=AT, by=foundation.SYSTEM
    )
    principal = foundation.authenticate_key(plaintext)
    assert principal is not None
    assert (principal.key_id, principal.role, principal.scopes) == (view.id, Role.OPERATOR, ("unit:3",))
    stored = foundation.fetch("SELECT prefix, digest FROM foundation_accounts_apikey")
    assert plaintext not in str(stored)
    foundation.revoke_api_key(view.id, at=AT, by=foundation.SYSTEM)
    assert foundation.authenticate_key(plaintext) is None
    with pytest.raises(NotFound):
        foundation.revoke_api_key(view.id, at=AT, by=foundation.SYSTEM)


@pytest.mark.django_db
def test_an_account_made_twice_is_one_and_keeps_its_password() -> None:
    first = foundation.create_account(
        username="a",
        display_name="甲",
        role=Role.CLERK,
        password="glass-river-42",
        at=AT,
        by=foundation.SYSTEM,
    )
    for _ in range(2):  # the second time nothing changes
        again = foundation.create_account(
            username="a", display_name="乙", role=Role.OWNER, scopes=["all"], at=AT, by=foundation.SYSTEM
        )
    assert (first.id, again.display_name, again.role) == (again.id, "乙", Role.OWNER)
    with pytest.raises(BadInput):
        foundation.create_account(
            username=" ", display_name="x", role=Role.CLERK, at=AT, by=foundation.SYSTEM
        )
    assert [account.username for account in foundation.list_accounts()] == ["a"]
    foundation.set_active(first.id, active=False, at=AT, by=foundation.SYSTEM)
    trail = [row.verb for row in foundation.list_audit(object_kind="account").items]
    assert trail == ["account.stopped", "account.changed", "account.created"]
    assert foundation.account_for_username("a") is None
    with pytest.raises(NotFound):
        foundation.account_for_token(foundation.sign_in_token("a"))


def stored_files() -> list[Path]:
    folder = Path(settings.SIYU_DATA_DIR) / "files"
    return [file for file in folder.rglob("*") if file.is_file()] if folder.exists() else []


@pytest.mark.django_db
def test_a_file_is_encrypted_on_disk_and_comes_back_whole() -> None:
    before = set(stored_files())
    content = [b"phone 13800000000," * 1000, b"x" * 3_000_000, b"end"]
    view = foundation.store_file(content, name="名单.csv", purpose="import", at=AT)
    assert b"".join(foundation.read_file(view.id)) == b"".join(content)
    [made] = set(stored_files()) - before
    assert b"13800000000" not in made.read_bytes()
    assert (view.size, foundation.file_info(view.id).sha256) == (sum(map(len, content)), view.sha256)
    made.unlink()
    with pytest.raises(NotFound):
        list(foundation.read_file(view.id))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("_case", "content", "code"), [("empty", [b""], "file.empty"), ("large", [b"x" * 99], "file.too_large")]
)
def test_an_empty_or_too_large_file_leaves_nothing(_case: str, content: list[bytes], code: str) -> None:
    before = set(stored_files())
    with pytest.raises(BadInput) as caught:
        foundation.store_file(content, name="x", purpose="import", at=AT, max_bytes=50)
    assert caught.value.code == code
    assert set(stored_files()) == before
    assert foundation.fetch("SELECT count(*) FROM foundation_files_storedfile") == [(0,)]
