"""The web application, for granian or any WSGI server."""

from __future__ import annotations

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "siyu.config.settings")

_django = get_wsgi_application()
# Doors know models, which exist only now.
application = import_module("siyu.config.discovery").behind_doors(_django)
