"""Refusals of the simulated world (not of the simulated WeCom API)."""

from __future__ import annotations


class NotPossible(Exception):
    """Something a person cannot do now; `code` for programs, the text for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
