"""A table of control routes that also writes its own OpenAPI document."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twin.life.errors import NotPossible
from twin.state import Json
from twin.web.messages import Request, Response, json_response

if TYPE_CHECKING:
    from twin.world import World

TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list,
    "object": dict,
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A field of a request body or query."""

    name: str
    type: str
    text: str
    required: bool = False


@dataclass(frozen=True)
class Ask:
    """One control request as a handler sees it."""

    world: World
    at: int
    path: dict[str, str]
    body: Json
    query: dict[str, str]
    request: Request


Handler = Callable[[Ask], Any]


@dataclass(frozen=True)
class Route:
    """One control route. `locked`: run under the world's lock (most do)."""

    method: str
    path: str
    summary: str
    handler: Handler
    fields: tuple[Field, ...]
    locked: bool

    @property
    def pattern(self) -> re.Pattern[str]:
        """The path as a pattern."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path) + "$")


ROUTES: list[Route] = []


def route(
    method: str, path: str, summary: str, *fields: Field, locked: bool = True
) -> Callable[[Handler], Handler]:
    """Register a handler; its answer is sent as JSON, a `Response` as it is."""

    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(method, path, summary, handler, fields, locked))
        return handler

    return register


def problem(status: int, code: str, text: str) -> Response:
    """An error answer of the control API."""
    return json_response({"error": code, "message": text}, status)


def _body(found: Route, request: Request) -> Json:
    document = json.loads(request.body) if request.body.strip() else {}
    if not isinstance(document, dict):
        raise ValueError("the body must be a JSON object")
    known = {field.name: field for field in found.fields}
    for name, value in document.items():
        if name not in known:
            raise ValueError(f"unknown field {name}; known: {', '.join(known) or 'none'}")
        wanted = known[name].type
        kinds = TYPES.get(wanted)
        wrong_bool = isinstance(value, bool) and wanted != "boolean"
        if value is not None and kinds and (wrong_bool or not isinstance(value, kinds)):
            raise ValueError(f"{name} must be of type {wanted}")
    missing = [field.name for field in found.fields if field.required and not document.get(field.name)]
    if missing:
        raise ValueError(f"missing: {', '.join(missing)}")
    return document


def dispatch(world: World, request: Request) -> Response:
    """Answer one control request."""
    matches = [(item, item.pattern.match(request.path)) for item in ROUTES]
    fitting = [(item, match) for item, match in matches if match]
    if not fitting:
        return problem(404, "not_found", "no such path; see /twin/openapi.json")
    found, match = next((pair for pair in fitting if pair[0].method == request.method), (None, None))
    if found is None or match is None:
        return problem(405, "method_not_allowed", f"use {fitting[0][0].method}")
    try:
        body = _body(found, request) if found.method == "POST" else {}
        ask = Ask(world, world.at(), match.groupdict(), body, request.query, request)
        if found.locked:
            with world.lock:
                return _written(found.handler(ask))
        return _written(found.handler(ask))
    except NotPossible as reason:
        return problem(409, reason.code, reason.text)
    except KeyError as error:
        return problem(404, "not_found", f"unknown: {error.args[0]}")
    except (ValueError, TypeError) as error:
        return problem(422, "bad_request", str(error))


def _written(answer: Any) -> Response:
    """The answer as bytes; under the lock, because it may show rows that change."""
    return answer if isinstance(answer, Response) else json_response(answer)


def _operation(item: Route) -> Json:
    operation: Json = {
        "summary": item.summary,
        "operationId": item.handler.__name__,
        "responses": {
            "200": {"description": "OK", "content": {"application/json": {"schema": {}}}},
            "404": {"description": "unknown person, member, order, code or path"},
            "409": {"description": "not possible now: {error, message}"},
            "422": {"description": "bad request: {error, message}"},
        },
    }
    names = re.findall(r"\{(\w+)\}", item.path)
    parameters: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
    ]
    if item.method == "GET":
        parameters += [
            {
                "name": field.name,
                "in": "query",
                "description": field.text,
                "schema": {"type": field.type},
            }
            for field in item.fields
        ]
    if parameters:
        operation["parameters"] = parameters
    if item.method == "POST":
        properties = {
            field.name: {
                **({"type": field.type} if field.type in TYPES else {}),
                "description": field.text,
            }
            for field in item.fields
        }
        schema: Json = {"type": "object", "properties": properties, "additionalProperties": False}
        required = [field.name for field in item.fields if field.required]
        if required:
            schema["required"] = required
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return operation


def openapi() -> Json:
    """The OpenAPI document of all control routes."""
    paths: dict[str, Json] = {}
    for item in ROUTES:
        paths.setdefault(item.path, {})[item.method.lower()] = _operation(item)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "twin control API (模拟企业微信)",
            "version": "1",
            "description": "Steers a simulated WeCom company. Everything in it is invented.",
        },
        "paths": paths,
    }
