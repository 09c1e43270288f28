"""The HTTP client of one WeCom application: token, classified errors, no secret in any log.

Every call either returns the answer or raises `Permanent`, `RetryLater` or `OutcomeUnknown`, each
with a sentence for the operator and the `errcode` in its params. Never call it inside a database
transaction: a rollback would forget what WeCom has already done.
"""

from __future__ import annotations

import atexit
import json
import logging
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

import httpx
from django.db import connection as database
from django.utils.translation import gettext_lazy as _

from siyu.connectors.wecom import codes, tokens
from siyu.kit.errors import OutcomeUnknown, Permanent, RetryLater

log = logging.getLogger("siyu.wecom")

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
BUSY_PAUSES = (0.1, 0.4, 1.0)
"""Pauses before the up to three repetitions after -1 (document 90313)."""

_SECRETS = re.compile(r"((?:access_token|corpsecret|suite_access_token|ticket)=)[^&\s\"']+")

Answer = dict[str, Any]


class _Redact(logging.Filter):
    """httpx logs whole URLs, and WeCom's tokens travel in URLs."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _SECRETS.sub(r"\1***", record.getMessage()), None
        return True


logging.getLogger("httpx").addFilter(_Redact())
logging.getLogger("httpcore").setLevel(logging.WARNING)


@lru_cache(maxsize=16)
def _http(base_url: str) -> httpx.Client:
    """One pool of connections per address and process."""
    client = httpx.Client(base_url=base_url.rstrip("/") + "/cgi-bin/", timeout=TIMEOUT, trust_env=False)
    atexit.register(client.close)
    return client


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a call needs to know of its application."""

    connection_id: int
    app_id: int
    corpid: str
    agentid: int
    base_url: str
    secret: str

    def __repr__(self) -> str:
        return f"Credentials(app_id={self.app_id}, corpid={self.corpid!r})"


def _raise(errcode: int, errmsg: str, path: str) -> NoReturn:
    """Turn a refusal into the error its code stands for."""
    known = codes.advice(errcode)
    params = {"errcode": errcode, "path": path, "errmsg": errmsg.split(", hint:")[0][:200]}
    code = f"wecom.{errcode}"
    if known.kind is codes.Kind.RETRY:
        raise RetryLater(code, known.text, after_seconds=known.wait, **params)
    if known.kind is codes.Kind.UNKNOWN:
        raise OutcomeUnknown(code, known.text, **params)
    raise Permanent(code, known.text, setup=known.kind is codes.Kind.SETUP, **params)


def _unclear(path: str, *, writes: bool, why: str) -> NoReturn:
    """No trustworthy answer came: harmless for a reading call, unknown for a writing one."""
    if writes:
        raise OutcomeUnknown(
            "wecom.no_answer",
            _("WeCom's answer did not arrive; nobody knows whether it was done."),
            path=path,
            why=why,
        )
    raise RetryLater(
        "wecom.no_answer", _("WeCom did not answer properly. It is tried again by itself."),
        after_seconds=10, path=path, why=why,
    )  # fmt: skip


class Client:
    """Calls of one application. Made for one piece of work; several threads may share it."""

    def __init__(self, credentials: Credentials, token: str = "") -> None:
        """``token`` is one that is known to be good; else the stored one is looked up, once for this client."""
        self._is = credentials
        self._token = token
        self._pool = _http(credentials.base_url)

    def get(self, path: str, **params: str | int) -> Answer:
        """A reading GET."""
        return self._call("GET", path, params=params, body=None, writes=False)

    def read(self, path: str, body: Mapping[str, Any]) -> Answer:
        """A POST that changes nothing: any failure may be repeated."""
        return self._call("POST", path, params={}, body=body, writes=False)

    def write(self, path: str, body: Mapping[str, Any], *, seconds: float | None = None) -> Answer:
        """A POST that changes something: an unclear answer raises OutcomeUnknown. ``seconds`` bounds the waiting."""
        return self._call("POST", path, params={}, body=body, writes=True, seconds=seconds)

    def pages(self, path: str, body: Mapping[str, Any]) -> Iterator[Answer]:
        """All pages of a listing: follows the cursor, also past empty pages; a loop ends with an error."""
        seen: set[str] = set()
        cursor = ""
        while True:
            page = self.read(path, {**body, **({"cursor": cursor} if cursor else {})})
            yield page
            cursor = str(page.get("next_cursor") or "")
            if not cursor:
                return
            if cursor in seen:
                _unclear(path, writes=False, why="cursor repeats")
            seen.add(cursor)

    def fresh_token(self) -> None:
        """Ask for a new token now: the live check of company id and secret. Raises as any call."""
        self._fetch_token()

    # -- inside ---------------------------------------------------------------------------------

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int],
        body: Mapping[str, Any] | None,
        writes: bool,
        seconds: float | None = None,
    ) -> Answer:
        if database.in_atomic_block:
            raise RuntimeError(f"{path}: no HTTP inside a database transaction")
        refused = ""
        pauses = iter(BUSY_PAUSES)
        while True:
            token = self._token
            if not token or token == refused:
                token = tokens.token_of(self._is.app_id, self._fetch_token, refused=refused)
                self._token = token
            answer = self._once(
                method, path, {**params, "access_token": token}, body, writes=writes, seconds=seconds
            )
            errcode = int(answer.get("errcode", 0) or 0)
            if errcode == 0:
                return answer
            if errcode in codes.TOKEN_STALE and not refused:
                refused = token
                continue
            if errcode == codes.BUSY and (pause := next(pauses, None)) is not None:
                time.sleep(pause)
                continue
            _raise(errcode, str(answer.get("errmsg", "")), path)

    def _fetch_token(self) -> tokens.Fetched:
        params = {"corpid": self._is.corpid, "corpsecret": self._is.secret}
        answer = self._once("GET", "gettoken", params, None, writes=False)
        errcode = int(answer.get("errcode", 0) or 0)
        if errcode:
            _raise(errcode, str(answer.get("errmsg", "")), "gettoken")
        token = str(answer.get("access_token") or "")
        if not token:
            _unclear("gettoken", writes=False, why="no token in the answer")
        return tokens.Fetched(token, int(answer.get("expires_in") or 7200))

    def _once(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int],
        body: Mapping[str, Any] | None,
        *,
        writes: bool,
        seconds: float | None = None,
    ) -> Answer:
        """One HTTP exchange; raises for everything that is not a JSON answer of WeCom."""
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {} if body is None else {"Content-Type": "application/json; charset=utf-8"}
        started = time.monotonic()
        why = ""
        try:
            response = self._pool.request(
                method, path, params=dict(params), content=content, headers=headers,
                timeout=TIMEOUT if seconds is None else httpx.Timeout(seconds, connect=min(seconds, 3.0)),
            )  # fmt: skip
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            why = type(error).__name__
            response = None
        except httpx.TransportError as error:
            log.warning("wecom %s: %s", path, type(error).__name__)
            _unclear(path, writes=writes, why=type(error).__name__)
        if response is None:
            log.warning("wecom %s: %s", path, why)
            raise RetryLater(
                "wecom.unreachable", _("WeCom cannot be reached. Check this server's network."),
                after_seconds=15, path=path, why=why,
            )  # fmt: skip
        answer = self._parse(path, response, writes=writes)
        log.info(
            "wecom %s errcode=%s ms=%d", path, answer.get("errcode", 0), (time.monotonic() - started) * 1000
        )
        return answer

    def _parse(self, path: str, response: httpx.Response, *, writes: bool) -> Answer:
        """The JSON object of an answer, or the error its absence means."""
        status = response.status_code
        if 400 <= status < 500 and status not in {408, 429}:
            raise Permanent(
                "wecom.address", _("The address answers HTTP %(status)s: it is not WeCom's API."),
                setup=True, status=status, path=path,
            )  # fmt: skip
        if status != 200:
            _unclear(path, writes=writes and status != 429, why=f"HTTP {status}")
        try:
            answer = json.loads(response.content)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            _unclear(path, writes=writes, why="not JSON")
        return answer
