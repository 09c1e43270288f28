"""Run inside its own process: make the small brand in this process's database and print what tests need."""

from __future__ import annotations

import dataclasses
import json

import django


def main() -> None:
    """Make the brand, sign four people in, print ids and session keys as JSON."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415  # only after setup
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: PLC0415
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415

    from siyu.foundation import api as foundation  # noqa: PLC0415
    from siyu.kit import clock  # noqa: PLC0415
    from tests.browser import brand  # noqa: PLC0415

    made = brand.make(clock.business_now())
    foundation.set_setting("brand.name", "青禾珠宝(演示)", at=made.at, by=foundation.SYSTEM)
    foundation.set_setting("brand.simulated", True, at=made.at, by=foundation.SYSTEM)
    sessions = {}
    for name in ("owner", "operator", "manager", "clerk"):
        user = foundation.account_for_username(name)
        assert user is not None
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        sessions[name] = session.session_key
    found = dataclasses.asdict(made)
    found.pop("at")
    print(json.dumps({"cookie": settings.SESSION_COOKIE_NAME, "sessions": sessions, "brand": found}))


if __name__ == "__main__":
    main()
