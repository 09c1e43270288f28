"""Every error of the API is JSON of one shape."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from siyu.kit.errors import BadInput, SiyuError

Fields = Mapping[str, object]


def install(api: NinjaAPI) -> None:
    """Register a handler for each kind of error."""

    def answer(
        request: HttpRequest, status: int, code: str, message: str, fields: Fields | None = None
    ) -> HttpResponse:
        body = {"error": code, "message": message, "fields": {k: str(v) for k, v in (fields or {}).items()}}
        return api.create_response(request, body, status=status)

    def expected(request: HttpRequest, error: SiyuError) -> HttpResponse:
        fields = error.fields if isinstance(error, BadInput) else {}
        message = str(error) if error.message else _("Not found.") if error.status == 404 else error.code
        return answer(request, error.status, error.code, message, fields)

    def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        fields = {".".join(str(part) for part in entry["loc"]): entry["msg"] for entry in error.errors[:20]}
        return answer(request, 422, "request.invalid", _("The request is not valid; see the fields."), fields)

    def unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        return answer(request, 401, "api.key", _("Send a valid API key: Authorization: Bearer …"))

    def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
        return answer(request, 404, "not_found", _("Not found."))

    def too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
        return answer(
            request, 413, "request.too_large", _("The request is too large. Send fewer events at a time.")
        )

    def http(request: HttpRequest, error: HttpError) -> HttpResponse:
        if error.status_code == 400:
            return answer(request, 422, "request.malformed", _("The body is not valid JSON."))
        return answer(request, error.status_code, "request.refused", str(error))

    api.exception_handler(SiyuError)(expected)
    api.exception_handler(ValidationError)(invalid)
    api.exception_handler(AuthenticationError)(unauthenticated)
    api.exception_handler(Http404)(not_found)
    api.exception_handler(RequestDataTooBig)(too_big)
    api.exception_handler(HttpError)(http)
