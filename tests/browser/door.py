"""Knock at a site's door as somebody, over HTTP, without a browser."""

from __future__ import annotations

from typing import Any

import httpx

from tests.browser.fixtures import Site

TOKEN = "a" * 32


class Door:
    """Requests of one reader (None: a stranger) to a site; forms carry the site's protection."""

    def __init__(self, site: Site, who: str | None = "owner", language: str = "zh-hans") -> None:
        cookies = {"siyu_language": language, site.cookie.replace("session", "csrf"): TOKEN}
        if who is not None:
            cookies[site.cookie] = site.sessions[who]
        self.client = httpx.Client(
            base_url=site.url, cookies=cookies, timeout=60, headers={"Accept": "text/html"}
        )

    def get(self, path: str, **headers: str) -> httpx.Response:
        """GET without following redirects."""
        return self.client.get(path, headers=headers)

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        """POST a form without following redirects."""
        return self.client.post(path, data=data or {}, headers={"X-CSRFToken": TOKEN}, **more)
