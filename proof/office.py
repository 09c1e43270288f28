"""Somebody at the console who goes on working while processes die: files, tags, stewards, merges, erasures.

Each act is done as a browser does it, over HTTP with a session; without an answer it is done again, as a person
would. What was asked and answered is kept beside the run: the checkers' witness.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx

from proof.waiting import asked
from siyu.config.demo.twin_door import TwinDoor
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.records.staff import api as staff

WITNESS = "office.json"
GUEST, GUEST_PHONE = "来宾", "1330"
BRAND_COOKIE = "siyu_proof_csrf"
ORDERS, STRANGERS, BAD = 2_500, 150, 20
FIRST_FILE, EVERY_DAYS = 0.02, 0.6  # when files come, in simulated days
BUSY = 0.6  # share of jumps in which something is begun
HURRIED = 0.3  # share of moments with an import under way in which somebody stops it


@dataclass
class Sheet:
    """One file of orders and what must become of it."""

    name: str
    good: dict[str, int]  # order number → amount in 分
    bad: list[str]
    people: dict[str, str]  # name → phone, of those whom only this file names
    file_id: int = 0
    imports: list[int] = field(default_factory=list)


@dataclass
class Act:
    """One wish: what, of whom, how often asked, and the status of the answer (0: none came)."""

    kind: str
    path: str
    form: dict[str, str]
    word: str  # by which its effect is found
    customer_id: int
    at: datetime
    answers: list[int] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether an answer came, be it a refusal."""
        return bool(self.answers) and 200 <= self.answers[-1] < 500


def known_phones(twin: TwinDoor) -> list[str]:
    """Of people whom siyu knows from the shop's history."""
    rows = csv.DictReader(io.StringIO(twin.raw("shop/orders.csv").decode("utf-8-sig")))
    return sorted({row["customer_phone"] for row in rows if row["customer_phone"]})


class Office:
    """The owner, clicking. ``act`` does at most one thing and never waits long."""

    def __init__(self, url: str, random: Random, phones: list[str]) -> None:
        self._client = httpx.Client(base_url=url, timeout=20, trust_env=False)
        self._random, self._phones = random, phones
        self._inside = False
        self._next_file: datetime | None = None
        self.sheets: list[Sheet] = []
        self.acts: list[Act] = []

    def act(self, at: datetime) -> None:
        """Go on with what has no answer yet, else begin something."""
        if not self._inside:
            self._inside = self._ask("GET", "/demo/owner/") in (200, 302)
        elif self.acts and not self.acts[-1].over:
            self._do(self.acts[-1])
        elif self.sheets and not self.sheets[-1].imports:
            self._start(self.sheets[-1])
        elif self._next_file is None or at >= self._next_file:
            pause = FIRST_FILE if self._next_file is None else EVERY_DAYS
            self._next_file = at + timedelta(days=pause)
            if pause == EVERY_DAYS:
                self.sheets.append(self._sheet(at))
                self._start(self.sheets[-1])
        elif self._random.random() < BUSY:
            self._begin(at)

    def finish(self, nap: Callable[[], None], seconds: float = 120) -> None:
        """With nobody killing any more: each wish is answered, each stopped import is gone on with to its end."""
        end = time.monotonic() + seconds
        for kind in (self._tag, self._assign, self._erase):
            act = kind(clock.business_now())
            self.acts += [act] if act is not None else []
        while (left := self._left()) and time.monotonic() < end:
            for act in self.acts:
                if not act.over:
                    self._do(act)
            for sheet in self.sheets:
                if not sheet.imports:
                    self._start(sheet)
            for number in _imports("stopped", "failed"):
                self._ask("POST", f"/imports/{number}/resume/")
            nap()
        if left:
            raise TimeoutError(f"the office never came to an end: {left}")

    def _left(self) -> list[str]:
        """What has no answer or no end yet."""
        left = [f"{act.kind} {act.word}" for act in self.acts if not act.over]
        left += [sheet.name for sheet in self.sheets if not sheet.imports]
        return left + [
            f"import {number}" for number in _imports("waiting", "reading", "writing", "stopped", "failed")
        ]

    def keep(self, state: Path) -> None:
        """Write down what was asked and answered."""
        told = {"sheets": [asdict(one) for one in self.sheets], "acts": [asdict(one) for one in self.acts]}
        (state / WITNESS).write_text(json.dumps(told, default=str, ensure_ascii=False))

    # -- files ------------------------------------------------------------------------------

    def _sheet(self, at: datetime) -> Sheet:
        number = len(self.sheets) + 1
        people = {
            f"{GUEST}{number:02d}{one:03d}": f"{GUEST_PHONE}{number:02d}{one:05d}" for one in range(STRANGERS)
        }
        return Sheet(f"orders-{number}.csv", {}, [], people)

    def _rows(self, sheet: Sheet, at: datetime) -> bytes:
        """The file's bytes: new people and some that siyu knows; a few rows that cannot be used."""
        random = Random(sheet.name)
        text = io.StringIO()
        table = csv.writer(text)
        table.writerow(["订单号", "付款时间", "实付金额", "手机号", "姓名", "商品名称"])
        people = [*sheet.people.items(), *((f"熟客{phone[-4:]}", phone) for phone in self._phones[:50])]
        spoilt = set(random.sample(range(ORDERS), BAD))
        for place in range(ORDERS):
            number = f"{sheet.name}-{place:05d}"
            name, phone = random.choice(people)
            paid = at - timedelta(days=random.uniform(1, 700))
            amount = random.randint(1, 500_000)
            if place in spoilt:
                sheet.bad.append(number)
                table.writerow([number, "不详", f"{amount / 100:.2f}", phone, name, "手链"])
            else:
                sheet.good[number] = amount
                table.writerow(
                    [number, f"{paid:%Y-%m-%d %H:%M:%S}", f"{amount / 100:.2f}", phone, name, "手链"]
                )
        return text.getvalue().encode()

    def _start(self, sheet: Sheet) -> None:
        """Upload and start; whichever answer is missing, that step is done again."""
        if not sheet.file_id:
            sheet.good, sheet.bad = {}, []
            file = (sheet.name, self._rows(sheet, clock.business_now()), "text/csv")
            sheet.file_id = _number(self._send("/imports/new/", files={"file": file}), "file")
        if sheet.file_id:
            answer = self._send(f"/imports/file/{sheet.file_id}/", {"start": "1", "preset": "generic"})
            if number := _number(answer, "imports"):
                sheet.imports.append(number)

    # -- single acts ------------------------------------------------------------------------

    def _begin(self, at: datetime) -> None:
        running = _imports("reading", "writing")
        stopped = _imports("stopped")
        if running and self._random.random() < HURRIED:
            self._ask("POST", f"/imports/{running[0]}/stop/")
        elif stopped:
            self._ask("POST", f"/imports/{stopped[0]}/resume/")
        else:
            kinds = [self._tag, self._assign, self._undo, self._erase]
            act = self._random.choices(kinds, [4, 4, 2, 2])[0](at)
            if act is not None:
                self.acts.append(act)
                self._do(act)

    def _do(self, act: Act) -> None:
        act.answers.append(self._ask("POST", act.path, act.form))

    def _someone(self, sql: str, *params: object) -> int:
        rows = asked(lambda: foundation.fetch(sql, list(params)))
        return int(self._random.choice(rows)[0]) if rows else 0

    def _tag(self, at: datetime) -> Act | None:
        who = self._someone(
            "SELECT id FROM records_customers_customer WHERE root_id = id AND erased_at IS NULL"
        )
        word = f"试{len(self.acts)}"
        return Act("tag", f"/customers/{who}/tag/", {"tag": word}, word, who, at) if who else None

    def _assign(self, at: datetime) -> Act | None:
        who = self._someone(
            "SELECT id FROM records_customers_customer WHERE root_id = id AND erased_at IS NULL"
        )
        now = self._someone(
            "SELECT employee_id FROM records_customers_assignment WHERE customer_id = %s AND until IS NULL",
            who,
        )
        clerks = [one.id for one in asked(lambda: staff.employees(at=at)) or [] if one.id != now]
        clerk = self._random.choice(clerks) if clerks else 0
        word = f"交接{len(self.acts)}"
        form = {"employee": str(clerk), "reason": word}
        return Act("assign", f"/customers/{who}/assign/", form, word, who, at) if who and clerk else None

    def _undo(self, at: datetime) -> Act | None:
        merge = self._someone("SELECT id FROM records_customers_merge WHERE undone_at IS NULL")
        who = self._someone(
            "SELECT c.root_id FROM records_customers_merge m JOIN records_customers_customer c ON c.id = m.kept_id"
            " WHERE m.id = %s",
            merge,
        )
        path = f"/customers/{who}/merges/{merge}/undo/"
        return Act("undo", path, {}, str(merge), who, at) if who else None

    def _erase(self, at: datetime) -> Act | None:
        """One of those whom only a file names: the platform's side would tell of others again."""
        gone = {act.word for act in self.acts if act.kind == "erase"}
        sql = "SELECT file_id FROM connectors_commerce_import GROUP BY 1 HAVING bool_and(state = 'done')"
        over = {
            row[0] for row in asked(lambda: foundation.fetch(sql)) or []
        }  # or the file would bring them back
        names = [
            name
            for sheet in self.sheets
            if sheet.file_id in over
            for name in sheet.people
            if name not in gone
        ]
        who = self._someone(
            "SELECT id FROM records_customers_customer WHERE root_id = id AND name = ANY(%s)", names
        )
        rows = asked(
            lambda: foundation.fetch("SELECT name FROM records_customers_customer WHERE id = %s", [who])
        )
        if not rows:
            return None
        return Act("erase", f"/customers/{who}/erase/", {"number": str(who)}, rows[0][0], who, at)

    # -- the wire ---------------------------------------------------------------------------

    def _ask(self, method: str, path: str, form: dict[str, str] | None = None) -> int:
        answer = self._send(path, form, method=method)
        return answer.status_code if answer is not None else 0

    def _send(
        self, path: str, form: dict[str, str] | None = None, *, method: str = "POST", files: Any = None
    ) -> httpx.Response | None:
        """The answer, or None where there was none."""
        headers = {
            "X-CSRFToken": self._client.cookies.get(BRAND_COOKIE) or "",
            "Referer": str(self._client.base_url),
        }
        try:
            answer = self._client.request(method, path, data=form, files=files, headers=headers)
        except httpx.TransportError:
            return None
        if "sign-in" in answer.headers.get("location", ""):
            self._inside = False
            return None
        return answer


def _number(answer: httpx.Response | None, before: str) -> int:
    """The number behind ``before`` in the address the browser is sent to; 0 where it is not sent on."""
    if answer is None or not answer.is_redirect:
        return 0
    parts = answer.headers["location"].split("/")
    return int(parts[parts.index(before) + 1]) if before in parts else 0


def _imports(*states: str) -> list[int]:
    sql = (
        "SELECT id FROM connectors_commerce_import WHERE state = ANY(%s) AND data_set = 'generic' ORDER BY id"
    )
    return [row[0] for row in asked(lambda: foundation.fetch(sql, [list(states)])) or []]
