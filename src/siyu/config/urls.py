"""All routes: health first, then what the modules bring."""

from __future__ import annotations

from django.urls import path

from siyu.config import discovery, health

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    *discovery.urlpatterns(),
]
