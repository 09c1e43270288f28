"""The table of endpoints: each declares its right, method, parameters and limits."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twin.state import App, Json
from twin.web.messages import Request
from twin.wecom.errors import WecomError

if TYPE_CHECKING:
    from twin.world import World


class Right(enum.StrEnum):
    """What an application must be allowed to do to call an endpoint."""

    ANY = "any"
    CONTACTS = "contacts"
    CONTACTS_SYNC = "contacts_sync"
    CUSTOMER = "customer"
    MESSAGE = "message"


@dataclass(frozen=True)
class Param:
    """A parameter; `missing` and `wrong` are the codes answered for it.

    `longest` counts characters (字), `octets` counts UTF-8 bytes, `most` list items.
    """

    name: str
    kind: type | tuple[type, ...] = str
    required: bool = False
    missing: int = 40063
    wrong: int = 40058
    longest: int = 0
    octets: int = 0
    most: int = 0


@dataclass
class Call:
    """One API call as a handler sees it. `at` is the twin's clock in whole seconds."""

    world: World
    app: App
    request: Request
    args: Json
    at: int
    now: float

    def text(self, name: str, default: str = "") -> str:
        """A text parameter."""
        value = self.args.get(name)
        return default if value is None else str(value)

    def number(self, name: str, default: int = 0) -> int:
        """A whole-number parameter; text digits are accepted as the real server does."""
        value = self.args.get(name)
        if value is None or value == "":
            return default
        try:
            return int(value)
        except (TypeError, ValueError) as error:
            raise WecomError(40058, f"{name} invalid") from error

    def flag(self, name: str, default: bool = False) -> bool:
        """A yes/no parameter."""
        value = self.args.get(name)
        return default if value is None else bool(value)

    def texts(self, name: str) -> list[str]:
        """A list of texts."""
        return [str(item) for item in self.args.get(name) or []]


Handler = Callable[[Call], Json]


@dataclass(frozen=True)
class Endpoint:
    """One path under /cgi-bin/. `empty` are the payload keys a failure still contains."""

    path: str
    method: str
    right: Right
    handler: Handler
    params: tuple[Param, ...] = ()
    empty: Json = field(default_factory=dict)
    per_minute: int = 0
    token: bool = True
    multipart: bool = False
    document: int = 0


ENDPOINTS: dict[str, Endpoint] = {}


def endpoint(
    path: str,
    right: Right,
    *params: Param,
    method: str = "POST",
    empty: Json | None = None,
    per_minute: int = 0,
    token: bool = True,
    multipart: bool = False,
    document: int = 0,
) -> Callable[[Handler], Handler]:
    """Register a handler under `/cgi-bin/<path>`; `document` is the number of its official page."""

    def register(handler: Handler) -> Handler:
        if path in ENDPOINTS:
            raise RuntimeError(f"two handlers for {path}")
        ENDPOINTS[path] = Endpoint(
            path, method, right, handler, params, empty or {}, per_minute, token, multipart,
            document,
        )  # fmt: skip
        return handler

    return register


def check(params: tuple[Param, ...], args: Json) -> None:
    """Refuse missing, mistyped or oversized parameters."""
    for param in params:
        value = args.get(param.name)
        if value is None or value == "":
            if param.required:
                raise WecomError(param.missing)
            continue
        kinds = param.kind if isinstance(param.kind, tuple) else (param.kind,)
        if bool not in kinds and isinstance(value, bool):
            raise WecomError(param.wrong, f"{param.name} invalid")
        if not isinstance(value, kinds) and not (int in kinds and _digits(value)):
            raise WecomError(param.wrong, f"{param.name} invalid")
        if param.longest and len(str(value)) > param.longest:
            text = f"{param.name} exceed max length {param.longest}. invalid Request Parameter"
            raise WecomError(param.wrong, text)
        if param.octets and len(str(value).encode()) > param.octets:
            text = f"{param.name} exceed max length {param.octets}. invalid Request Parameter"
            raise WecomError(param.wrong, text)
        if param.most and isinstance(value, list) and len(value) > param.most:
            raise WecomError(param.wrong, f"{param.name} exceed max size {param.most}")


def _digits(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip("-").isdigit()
