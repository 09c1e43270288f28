"""Routes of the WeCom connector. They are public: the signature of each request is its key."""

from __future__ import annotations

from django.urls import path

from siyu.connectors.wecom.views import callback

MOUNT = "wecom/"
app_name = "wecom"

urlpatterns = [path("callback/<slug:connection>/<slug:app>/", callback, name="callback")]
