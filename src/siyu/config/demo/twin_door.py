"""Speaks to the simulated company's control API, as its administrator would click."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from siyu.kit.errors import Conflict


class TwinDoor:
    """A client of ``/twin/``; each call raises Conflict with the twin's own words when refused."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def get(self, path: str, **query: Any) -> Any:
        """A GET below ``/twin/``, JSON decoded."""
        return self._answer(self._client.get(f"/twin/{path}", params=query)).json()

    def raw(self, path: str) -> bytes:
        """A GET below ``/twin/``, as it comes."""
        return self._answer(self._client.get(f"/twin/{path}")).content

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """A POST below ``/twin/``, JSON decoded."""
        return self._answer(self._client.post(f"/twin/{path}", json=dict(body))).json()

    @staticmethod
    def _answer(response: httpx.Response) -> httpx.Response:
        if response.is_error:
            raise Conflict("twin.refused", response.text[:300])
        return response
