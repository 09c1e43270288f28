"""Somebody signed in without the sign-in page, for whoever asks for pages: measurements and browser tests."""

from __future__ import annotations

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from siyu.foundation import api as foundation


def sign_in(username: str) -> str:
    """A new session of this account; returns its key, the value of the session cookie. Needs Django set up."""
    user = foundation.account_for_username(username)
    assert user is not None, username
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)
