"""The door of the simulated API: faults, rights, limits, then the handler, then WeCom's answer."""

from __future__ import annotations

import itertools
import json
import re
import time
from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Any

from twin.rng import name_of, rng
from twin.state import App, Json
from twin.web.messages import Cut, Request, Response
from twin.wecom import AREAS
from twin.wecom.errors import WecomError
from twin.wecom.limits import Limits
from twin.wecom.registry import ENDPOINTS, Call, Endpoint, check
from twin.wecom.tokens import app_of
from twin.wecom.trouble import MAKE, Following, spell_at

if TYPE_CHECKING:
    from twin.world import World

PREFIX = "/cgi-bin/"
DEVTOOL = "https://open.work.weixin.qq.com/devtool/query?e="
ESCAPE = re.compile(rb"\\u[0-9a-fA-F]{4}")
BODY_LIMIT = 25_000_000
assert AREAS  # importing the areas fills ENDPOINTS


class Gateway:
    """Answers everything under /cgi-bin/."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._limits = Limits(world.state.settings)
        self._calls = itertools.count(1)
        self._following = Following(world.state.seed)

    def answer(self, request: Request) -> Response:
        """One API call from first byte to last."""
        path = request.path.removeprefix(PREFIX).replace("crm/", "externalcontact/", 1)
        found = ENDPOINTS.get(path)
        world = self._world
        with world.lock:
            world.in_flight += 1
        try:
            return self._faulty(request, found)
        finally:
            with world.lock:
                world.in_flight -= 1
            world.calls.note(path)

    def _faulty(self, request: Request, found: Endpoint | None) -> Response:
        """Apply the configured faults around the call."""
        world, faults = self._world, self._world.state.faults
        number = next(self._calls)
        source = rng(world.state.seed, "api-fault", number)
        draws = [source.random() for _ in range(6)]
        spell = spell_at(world.state.seed, world.now(), faults.spells)
        path = found.path if found is not None else ""

        def chance(kind: str) -> float:
            usual: float = getattr(faults, kind)
            return usual if spell is None else max(usual, spell.meets(kind, path))

        if draws[0] < chance("timeout"):
            raise Cut(faults.timeout_ms / 1000)
        if draws[1] < chance("http_5xx"):
            page = b"<html><head><title>502 Bad Gateway</title></head></html>"
            return Response(502, page, "text/html", {"Server": "nginx"})
        try:
            if draws[2] < chance("busy"):
                raise WecomError(-1)
            if draws[3] < chance("freq_limit"):
                raise WecomError(45009)
            if draws[4] < chance("token_invalidated") and found is not None and found.token:
                with world.lock:
                    world.state.tokens.pop(request.query.get("access_token", ""), None)
            document = {"errcode": 0, "errmsg": "ok", **self._call(request, found)}
            if path == MAKE and self._following.made(document, faults.follow):
                world.calls.note(f"followed/{path}")
                self._following.cut_off(document)
        except WecomError as error:
            document = self._failure(request, found, error, number)
        if found is not None and found.path in world.state.settings.without_list:
            document = {name: value for name, value in document.items() if name not in found.empty}
        if draws[5] < chance("cut_after_effect"):
            raise Cut
        return _response(document)

    def _failure(self, request: Request, found: Endpoint | None, error: WecomError, number: int) -> Json:
        hint = name_of(self._world.state.seed, "hint", number, length=24, alphabet="0123456789")
        text = (
            f"{error.text}, hint: [{hint}], from ip: {request.client_ip}, more info at {DEVTOOL}{error.code}"
        )
        empty = found.empty if found else {}
        return {"errcode": error.code, "errmsg": text, **empty, **error.payload}

    def _call(self, request: Request, found: Endpoint | None) -> Json:
        """Check and perform one call; raises WecomError."""
        world = self._world
        if found is None:
            raise WecomError(40094)
        with world.lock:
            now = world.now()
            app = self._caller(request, found, now)
        if request.method not in (found.method, "POST"):
            raise WecomError(40058)
        args = _arguments(request, found, world.state.settings.strict_escapes)
        self._limits.enter(found.path)
        try:
            settings = world.state.settings
            per_minute = found.per_minute or settings.per_minute
            self._limits.count(found.path, now, per_minute, settings.per_hour)
            check(found.params, args)
            if world.state.faults.follow:
                self._following.asked(found.path, args)
            if world.state.faults.slow_ms:
                time.sleep(world.state.faults.slow_ms / 1000)
            with world.lock:
                now = world.now()
                world.changes += found.method == "POST" or not found.token
                return found.handler(Call(world, app, request, args, int(now), now))
        except WecomError as error:
            if not found.token and error.code in (40001, 40013):
                self._wrong_secret(request, now)
            raise
        finally:
            self._limits.leave(found.path)

    def _wrong_secret(self, request: Request, now: float) -> None:
        most = self._world.state.settings.wrong_secret_per_hour
        self._limits.count(f"wrong secret from {request.client_ip}", now, 0, most)

    def _caller(self, request: Request, found: Endpoint, now: float) -> App:
        """The calling application, once token, right and address are checked."""
        state = self._world.state
        if not found.token:
            return App("", "", 0, "", "", "", [], [])
        app = app_of(state.tokens, state.apps, request.query.get("access_token", ""), now)
        trusted = state.settings.trusted_ips
        if trusted and request.client_ip not in trusted:
            raise WecomError(60020)
        if found.right != "any" and found.right not in app.permissions:
            raise WecomError(48002)
        return app


def _arguments(request: Request, found: Endpoint, strict_escapes: bool) -> Json:
    """Query, JSON body or multipart form as one dict."""
    args: Json = {key: value for key, value in request.query.items() if key != "access_token"}
    if found.method == "GET":
        return args
    if len(request.body) > BODY_LIMIT:
        raise WecomError(45001 if found.multipart else 40058)
    if found.multipart:
        return {**args, **_form(request)}
    if not request.body.strip():
        return args
    if strict_escapes and ESCAPE.search(request.body):
        raise WecomError(40033)
    try:
        document = json.loads(request.body)
    except ValueError as error:
        raise WecomError(47001) from error
    if not isinstance(document, dict):
        raise WecomError(40058)
    return {**args, **document}


def _form(request: Request) -> Json:
    """The first file of a multipart form as `file` = (name, content)."""
    head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    if not message.is_multipart():
        raise WecomError(44001)
    for part in message.iter_parts():
        if part.get_filename():
            content: Any = part.get_payload(decode=True)
            return {"file": (str(part.get_filename()), bytes(content or b""))}
    raise WecomError(44001)


def _response(document: Json) -> Response:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    message = str(document["errmsg"]).encode("ascii", "replace").decode()
    headers = {
        "Server": "nginx",
        "Error-Code": str(document["errcode"]),
        "Error-Msg": message.replace("\n", " "),
    }
    return Response(200, body, headers=headers)
