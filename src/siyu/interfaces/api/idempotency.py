"""Idempotency-Key: the same call with the same key gets the first answer again.

The stored answer commits together with the call's effects, so there is no moment in which one is
there without the other. A twin in flight waits for the first one's row lock and then replays it.
Errors roll everything back and are forgotten, so that the call may be tried again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from siyu.foundation import api as foundation
from siyu.interfaces.api.auth import principal_of
from siyu.kit import clock
from siyu.kit.errors import BadInput, Conflict

P = ParamSpec("P")
HEADER = "Idempotency-Key"


def idempotent(
    view: Callable[Concatenate[HttpRequest, P], Any],
) -> Callable[Concatenate[HttpRequest, P], Any]:
    """Make a writing route one transaction that honours the header; put it under the route decorator."""

    @wraps(view)
    def run(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> Any:
        key = request.headers.get(HEADER)
        if not key:
            with foundation.transaction():
                return view(request, *args, **kwargs)
        if len(key) > 200 or not key.isprintable():
            raise BadInput("idempotency.key", _("An Idempotency-Key has at most 200 printable characters."))
        fingerprint = hashlib.sha256(f"{request.method} {request.path}\n".encode() + request.body).digest()
        try:
            with foundation.transaction():
                return _once(
                    principal_of(request).key_id or 0,
                    key,
                    fingerprint,
                    kwargs.get("customer_id"),
                    lambda: view(request, *args, **kwargs),
                )
        except OperationalError as error:
            raise Conflict(
                "idempotency.in_flight", _("The same call is still being handled. Try again.")
            ) from error

    return cast(Callable[Concatenate[HttpRequest, P], Any], run)


def _once(
    api_key_id: int, key: str, fingerprint: bytes, customer_id: object, call: Callable[[], Any]
) -> HttpResponse:
    foundation.execute("SET LOCAL lock_timeout = 5000")
    first = foundation.execute(
        """INSERT INTO interfaces_api_idempotentcall (api_key_id, key, fingerprint, customer_id, created_at)
           VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING""",
        [api_key_id, key, fingerprint, customer_id, clock.wall_now()],
    )
    if first:
        answer = call()
        response = (
            answer if isinstance(answer, HttpResponse) else JsonResponse(answer.model_dump(mode="json"))
        )
        foundation.execute(
            "UPDATE interfaces_api_idempotentcall SET status = 200, body = %s WHERE api_key_id = %s AND key = %s",
            [response.content, api_key_id, key],
        )
        return response
    [(known, status, body)] = foundation.fetch(
        "SELECT fingerprint, status, body FROM interfaces_api_idempotentcall WHERE api_key_id = %s AND key = %s",
        [api_key_id, key],
    )
    if bytes(known) != fingerprint:
        raise BadInput("idempotency.other_call", _("This Idempotency-Key was used for another call."))
    return HttpResponse(
        bytes(body), status=status, content_type="application/json", headers={"Idempotency-Replayed": "true"}
    )
