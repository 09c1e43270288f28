"""Run inside its own process: make the small brand in this process's database and print what tests need."""

from __future__ import annotations

import dataclasses
import json

import django


def main() -> None:
    """Make the brand, sign four people in, print ids and session keys as JSON."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415  # only after setup

    from benchmarks.harness.session import sign_in  # noqa: PLC0415
    from siyu.foundation import api as foundation  # noqa: PLC0415
    from siyu.kit import clock  # noqa: PLC0415
    from tests.browser import brand  # noqa: PLC0415

    made = brand.make(clock.business_now())
    foundation.set_setting("brand.name", "青禾珠宝(演示)", at=made.at, by=foundation.SYSTEM)
    foundation.set_setting("brand.simulated", True, at=made.at, by=foundation.SYSTEM)
    sessions = {name: sign_in(name) for name in ("owner", "operator", "manager", "clerk")}
    found = dataclasses.asdict(made)
    found.pop("at")
    print(json.dumps({"cookie": settings.SESSION_COOKIE_NAME, "sessions": sessions, "brand": found}))


if __name__ == "__main__":
    main()
