"""Reads JSON bodies quickly."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser
from pydantic_core import from_json


class QuickParser(Parser):
    """pydantic's reader; what it cannot read is left to Python's, which decides whether it is JSON."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body as Python values; ValueError when it is not JSON."""
        try:
            return from_json(request.body)
        except ValueError:
            return super().parse_body(request)
