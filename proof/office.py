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

from proof.clicks import GUEST, Act, Clicks
from proof.waiting import asked
from siyu.config.demo.twin_door import TwinDoor
from siyu.foundation import api as foundation
from siyu.kit import clock

__all__ = ["GUEST", "GUEST_PHONE", "WITNESS", "Office", "known_phones"]

WITNESS = "office.json"
GUEST_PHONE = "1330"
BRAND_COOKIE = "siyu_proof_csrf"
ORDERS, STRANGERS, BAD = 2_500, 150, 20
ALIKE, ALIKE_KNOWN = 12, 6  # pairs of people of one member number: strangers, and such as siyu knows
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
    alike: list[tuple[str, str]]  # of these, who have one member number: somebody must decide
    file_id: int = 0
    imports: list[int] = field(default_factory=list)


def known_phones(twin: TwinDoor) -> list[str]:
    """Of people whom siyu knows from the shop's history."""
    rows = csv.DictReader(io.StringIO(twin.raw("shop/orders.csv").decode("utf-8-sig")))
    return sorted({row["customer_phone"] for row in rows if row["customer_phone"]})


class Office:
    """The owner, clicking. ``act`` does at most one thing and never waits long."""

    def __init__(self, url: str, random: Random, phones: list[str]) -> None:
        self._client = httpx.Client(base_url=url, timeout=20, trust_env=False)
        self._random, self._phones = random, phones
        self._clicks = Clicks(random)
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

    def erased_friends(self) -> list[tuple[str, str]]:
        """Member and customer at WeCom of those friends whose erasure was answered."""
        return [
            (pair[2], pair[3])
            for act in self.acts
            if act.kind == "forget" and act.over and act.answers[-1] == 302
            for pair in act.known["pairs"]
        ]

    def finish(self, nap: Callable[[], None], seconds: float = 120) -> None:
        """With nobody killing any more: each wish is answered, each stopped import is gone on with to its end."""
        end = time.monotonic() + seconds
        self._once_each(nap, end)
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

    def _once_each(self, nap: Callable[[], None], end: float) -> None:
        for think in self._clicks.once_each(self._guests()):
            self._clicks.number += 1
            act = think(clock.business_now())
            self.acts += [act] if act is not None else []
            while act is not None and not act.over and time.monotonic() < end:
                if not self._inside:
                    self._inside = self._ask("GET", "/demo/owner/") in (200, 302)
                self._do(act)
                if not act.over:
                    nap()

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
        names = list(people)
        alike = [(names[2 * pair], names[2 * pair + 1]) for pair in range(ALIKE)]
        return Sheet(f"orders-{number}.csv", {}, [], people, alike)

    def _rows(self, sheet: Sheet, at: datetime) -> bytes:
        """The file's bytes: new people and some that siyu knows; a few rows that cannot be used."""
        random = Random(sheet.name)
        text = io.StringIO()
        table = csv.writer(text)
        table.writerow(["订单号", "付款时间", "实付金额", "手机号", "姓名", "商品名称", "会员号"])
        known = [(f"熟客{phone[-4:]}", phone) for phone in self._phones[:50]]
        people = [*sheet.people.items(), *known]
        first = self.sheets.index(sheet) * 2 * ALIKE_KNOWN if sheet in self.sheets else 0
        again = known[first : first + 2 * ALIKE_KNOWN]
        one_number = [(name, sheet.people[name]) for pair in sheet.alike for name in pair] + again
        spoilt = set(random.sample(range(ORDERS), BAD))
        for place in range(ORDERS):
            number = f"{sheet.name}-{place:05d}"
            numbered = place < len(one_number)
            name, phone = one_number[place] if numbered else random.choice(people)
            member = f"{sheet.name}-{place // 2}" if numbered else ""
            paid = at - timedelta(days=random.uniform(1, 700))
            amount = random.randint(1, 500_000)
            if place in spoilt:
                sheet.bad.append(number)
                table.writerow([number, "不详", f"{amount / 100:.2f}", phone, name, "手链", member])
            else:
                sheet.good[number] = amount
                table.writerow(
                    [number, f"{paid:%Y-%m-%d %H:%M:%S}", f"{amount / 100:.2f}", phone, name, "手链", member]
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
            act = self._clicks.next(at, self._guests())
            if act is not None:
                self.acts.append(act)
                self._do(act)

    def _do(self, act: Act) -> None:
        if act.kind == "forget" and not self._clicks.note_known(act):
            return  # the database is away: later
        act.answers.append(self._ask("POST", act.path, act.form))

    def _guests(self) -> list[str]:
        """Whom only a file names that is wholly read (else it would bring them back), and nobody takes for another."""
        gone = {act.word for act in self.acts if act.kind == "erase"}
        sql = "SELECT file_id FROM connectors_commerce_import GROUP BY 1 HAVING bool_and(state = 'done')"
        over = {row[0] for row in asked(lambda: foundation.fetch(sql)) or []}
        names = [name for sheet in self.sheets if sheet.file_id in over for name in sheet.people]
        taken = {name for sheet in self.sheets for pair in sheet.alike for name in pair}
        return [name for name in names if name not in gone | taken]

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
