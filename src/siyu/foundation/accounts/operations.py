"""Make, change and look up accounts and API keys."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from siyu.foundation.accounts import tries
from siyu.foundation.accounts.contracts import AccountView, ApiKeyView, Principal, Role
from siyu.foundation.accounts.models import ApiKey, User
from siyu.foundation.audit.operations import audit
from siyu.foundation.db import advisory_lock
from siyu.foundation.secrets.api import sign, unsign
from siyu.kit.errors import BadInput, NotFound
from siyu.kit.ids import new_token

_SIGN_IN = "sign-in"


def _principal(user: User) -> Principal:
    return Principal(
        role=Role(user.role),
        display_name=user.display_name,
        scopes=tuple(user.scopes),
        user_id=user.pk,
        language=user.language,
    )


def _view(user: User) -> AccountView:
    return AccountView(
        id=user.pk,
        username=user.username,
        display_name=user.display_name,
        role=Role(user.role),
        scopes=tuple(user.scopes),
        active=user.is_active,
        last_login=user.last_login,
    )


def create_account(
    *,
    username: str,
    display_name: str,
    role: Role,
    scopes: Sequence[str] = (),
    at: datetime,
    by: Principal,
    password: str | None = None,
    language: str = "zh-hans",
) -> AccountView:
    """Make an account, or bring the one of that name to this role and scopes (password kept if None given).

    Changing nothing leaves no row in the audit trail. BadInput for an empty name.
    """
    if not username.strip():
        raise BadInput("account.username_missing", _("Enter a user name."))
    fields = {"display_name": display_name, "role": role.value, "scopes": list(scopes), "language": language}
    detail = {"username": username, "role": role.value, "scopes": list(scopes), "password": bool(password)}
    advisory_lock("account", username)  # of a form sent twice the second finds what the first has made
    user = User.objects.filter(username=username).first()
    if user is None:
        user = User.objects.create_user(username, password, **fields)
        audit(by, "account.created", "account", user.pk, detail, at=at)
        return _view(user)
    changed = password is not None or any(getattr(user, name) != value for name, value in fields.items())
    if changed:
        for name, value in fields.items():
            setattr(user, name, value)
        if password is not None:
            user.set_password(password)
        user.save()
        audit(by, "account.changed", "account", user.pk, detail, at=at)
    return _view(user)


def set_active(account_id: int, *, active: bool, at: datetime, by: Principal) -> None:
    """Let an account sign in, or stop it; NotFound when there is none."""
    if not User.objects.filter(pk=account_id).update(is_active=active):
        raise NotFound("account.not_found")
    audit(by, "account.started" if active else "account.stopped", "account", account_id, at=at)


def list_accounts() -> list[AccountView]:
    """All accounts by user name."""
    return [_view(user) for user in User.objects.order_by("username")]


def principal_of(request: HttpRequest) -> Principal | None:
    """Who sends this request: the signed-in account, or None."""
    user = getattr(request, "user", None)
    return _principal(user) if isinstance(user, User) and user.is_active else None


def check_password(request: HttpRequest, username: str, password: str) -> User | None:
    """The active account that this name and password belong to, ready for Django's ``login``; else None.

    BadInput("account.too_many_tries") where too many were wrong lately; then the password is not looked at.
    """
    if tries.too_many(request, username):
        minutes = tries.WINDOW.seconds // 60
        raise BadInput(
            "account.too_many_tries",
            _("Too many wrong tries. Wait %(minutes)s minutes, then try again."),
            minutes=minutes,
        )
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        tries.note_wrong(request, username)
        return None
    tries.forget(request, username)
    return user


def sign_in_token(username: str) -> str:
    """A token with which one tap signs in as ``username`` (demo installations only; the caller decides)."""
    return sign({"username": username}, _SIGN_IN)


def account_for_token(token: str, max_age: timedelta = timedelta(hours=12)) -> User:
    """The account of a sign-in token; BadInput when altered or too old, NotFound when it is gone."""
    user = User.objects.filter(username=unsign(token, _SIGN_IN, max_age)["username"], is_active=True).first()
    if user is None:
        raise NotFound("account.not_found")
    return user


def account_for_username(username: str) -> User | None:
    """The active account of that name."""
    return User.objects.filter(username=username, is_active=True).first()


def create_api_key(
    *, name: str, role: Role, scopes: Sequence[str], at: datetime, by: Principal
) -> tuple[ApiKeyView, str]:
    """Make an API key; the returned text is the only time the key can be read."""
    plaintext = f"siyu_{new_token(40)}"
    key = ApiKey.objects.create(
        name=name,
        prefix=plaintext[:12],
        digest=_digest(plaintext),
        role=role.value,
        scopes=list(scopes),
        created_at=at,
    )
    detail = {"name": name, "role": role.value, "scopes": list(scopes)}
    audit(by, "api_key.created", "api_key", key.pk, detail, at=at)
    return _key_view(key), plaintext


def list_api_keys() -> list[ApiKeyView]:
    """All keys, newest first."""
    return [_key_view(key) for key in ApiKey.objects.order_by("-id")]


def revoke_api_key(key_id: int, *, at: datetime, by: Principal) -> None:
    """End a key at once; NotFound when there is no such live key."""
    if not ApiKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=at):
        raise NotFound("api_key.not_found")
    audit(by, "api_key.revoked", "api_key", key_id, at=at)


def authenticate_key(plaintext: str) -> Principal | None:
    """Who presents this key, or None when it is unknown or revoked."""
    key = ApiKey.objects.filter(digest=_digest(plaintext), revoked_at=None).first()
    if key is None:
        return None
    return Principal(role=Role(key.role), display_name=key.name, scopes=tuple(key.scopes), key_id=key.pk)


def _digest(plaintext: str) -> bytes:
    # A key has 238 random bits, so a plain fast hash is enough.
    return hashlib.sha256(plaintext.encode()).digest()


def _key_view(key: ApiKey) -> ApiKeyView:
    return ApiKeyView(
        id=key.pk,
        name=key.name,
        prefix=key.prefix,
        role=Role(key.role),
        scopes=tuple(key.scopes),
        created_at=key.created_at,
        revoked_at=key.revoked_at,
    )
