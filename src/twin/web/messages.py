"""What the server hands to a part of the twin, and what it gets back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """An HTTP request, read to its end. Header names are lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    client_ip: str

    @property
    def base(self) -> str:
        """The address the caller used, for links back to the twin."""
        return f"http://{self.headers.get('host', 'localhost')}"


@dataclass(frozen=True)
class Response:
    """An HTTP answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)


class Cut(Exception):
    """Close the connection without an answer, after `seconds` of silence."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__("connection cut")
        self.seconds = seconds


def json_response(document: Any, status: int = 200) -> Response:
    """A JSON answer in raw UTF-8."""
    return Response(status, json.dumps(document, ensure_ascii=False).encode())
