"""The port that makes codes; filled by a connector's wiring."""

from __future__ import annotations

from siyu.decisions.acquisition.contracts import CodePort
from siyu.foundation import api as foundation

CODE_PORT: foundation.Registry[CodePort] = foundation.Registry("code port")
"""One entry, "wecom"; acquisition uses the first one there is."""


def code_port() -> CodePort | None:
    """The port, or None where no connector that makes codes is installed."""
    return next((port for _name, port in CODE_PORT.items()), None)
