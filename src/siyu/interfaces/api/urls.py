"""Where the API is mounted; whatever else is asked for below it is a JSON 404."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import path, re_path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from siyu.interfaces.api.routes import api
from siyu.interfaces.ui.rules import Rule, guard

MOUNT = "api/v1/"


@csrf_exempt
def unknown(request: HttpRequest) -> JsonResponse:
    """No such route."""
    return JsonResponse({"error": "not_found", "message": _("Not found."), "fields": {}}, status=404)


_routes, _app, _namespace = api.urls
_KEYED = Rule(
    open_because="the API key is checked by each route; the document and unknown paths hold no data"
)

urlpatterns = guard(
    [re_path(r"^$", unknown), path("", (_routes, _app, _namespace)), re_path(r"^.*$", unknown)],
    _KEYED,
)
