"""What granian serves: the web application, in a process that ends with the one that started it."""

from __future__ import annotations

import ctypes
import signal
import sys

from siyu.config.wsgi import application

__all__ = ["application"]

if sys.platform == "linux":
    # granian ends its processes when it stops, but not when it is killed.
    ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)
