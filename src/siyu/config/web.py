"""What granian serves: the web application, in a process that ends with the one that started it."""

from __future__ import annotations

import ctypes
import gc
import logging
import signal
import sys
from importlib import import_module

from django.db import DatabaseError, connection

from siyu.config.wsgi import application

__all__ = ["application"]

if sys.platform == "linux":
    # granian ends its processes when it stops, but not when it is killed.
    ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)

try:
    import_module("siyu.config.prepare").prepare()  # it imports models, which exist only after wsgi
except DatabaseError as error:
    # No database, or no tables yet: /readyz says so, and pages answer as soon as it is there.
    logging.getLogger("siyu.web").warning("web starts without a database", extra={"reason": str(error)})
finally:
    connection.close()  # each thread of the server opens its own

# What is loaded by now stays: the collector need not walk over it again for every few thousand new objects.
gc.freeze()
