"""Run inside its own process: what a flow does in the running brand besides HTTP, asked for line by line.

It connects the brand as ``siyu demo`` does, jumps time only while all is idle, and tells what the modules'
doors say of one person. Each line on stdin is ``{"do": name, …}``; each answer is a line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any

import django


def main() -> None:
    """Answer until stdin ends."""
    django.setup()
    from tests.flows import doings  # noqa: PLC0415  # only after setup

    answers, sys.stdout = sys.stdout, sys.stderr  # progress of the steps is not an answer
    doers: dict[str, Callable[..., Any]] = {name: getattr(doings, name) for name in doings.__all__}
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"answer": doers[asked.pop("do")](**asked)}
        except Exception:
            answer = {"trouble": traceback.format_exc()}
        answers.write(json.dumps(answer, default=_plain, ensure_ascii=False) + "\n")
        answers.flush()


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


if __name__ == "__main__":
    assert os.environ["SIYU_BRAND"].endswith("town")
    main()
