"""What somebody at the console may want next: each wish as one request, with the word by which its effect is found.

A wish is only thought of here; ``office`` makes it, over HTTP, and makes it again where no answer came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from proof.waiting import asked
from siyu.foundation import api as foundation
from siyu.records.staff import api as staff

GUEST = "来宾"
SEGMENT = "分群"
LIVING = "SELECT id FROM records_customers_customer WHERE root_id = id AND erased_at IS NULL"
JOURNEYS = {"欢迎": ("a_while", "rest"), "售后": ("soon",)}  # where a step may be put in
CAP, NOTICE, HOLDOUT = "policy.cap_per_7_days", "brand.notice", "journeys.holdout_percent"


@dataclass
class Act:
    """One wish: what, of whom, how often asked, and the status of the answer (0: none came)."""

    kind: str
    path: str
    form: dict[str, str]
    word: str  # by which its effect is found
    customer_id: int
    at: datetime
    known: dict[str, Any] = field(default_factory=dict)  # what was known of a friend who is to be erased
    answers: list[int] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether an answer came, be it a refusal."""
        return bool(self.answers) and 200 <= self.answers[-1] < 500


class Clicks:
    """Thinks of wishes; ``number`` makes their words differ."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.number = 0

    def next(self, at: datetime, guests: list[str]) -> Act | None:
        """Something of what can be done now; ``guests`` may be erased."""
        kinds: list[tuple[Callable[[datetime], Act | None], float]] = [
            (self.tag, 4), (self.assign, 3), (self.undo, 2), (lambda at: self.erase(at, guests), 2),
            (self.forget, 4), (self.decide, 4), (self.setting, 2), (self.segment, 3), (self.journey, 4),
        ]  # fmt: skip
        think = self.random.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
        self.number += 1
        return think(at)

    def once_each(self, guests: list[str]) -> list[Callable[[datetime], Act | None]]:
        """So that every run has some of each."""
        thoughts = [
            self.tag,
            self.assign,
            lambda at: self.erase(at, guests),
            self.forget,
            self.decide,
            self.setting,
        ]
        return [
            *thoughts, self.segment_new, self.segment_edit, self.journey_step, self.journey_publish,
        ]  # fmt: skip

    # -- people -----------------------------------------------------------------------------

    def tag(self, at: datetime) -> Act | None:
        """Put a tag on somebody."""
        who = self._someone(LIVING)
        word = f"试{self.number}"
        return Act("tag", f"/customers/{who}/tag/", {"tag": word}, word, who, at) if who else None

    def assign(self, at: datetime) -> Act | None:
        """Hand somebody over to another clerk."""
        who = self._someone(LIVING)
        now = self._someone(
            "SELECT employee_id FROM records_customers_assignment WHERE customer_id = %s AND until IS NULL",
            who,
        )
        clerks = [one.id for one in asked(lambda: staff.employees(at=at)) or [] if one.id != now]
        clerk = self.random.choice(clerks) if clerks else 0
        word = f"交接{self.number}"
        form = {"employee": str(clerk), "reason": word}
        return Act("assign", f"/customers/{who}/assign/", form, word, who, at) if who and clerk else None

    def undo(self, at: datetime) -> Act | None:
        """Undo a merge, whoever made it."""
        merge = self._someone("SELECT id FROM records_customers_merge WHERE undone_at IS NULL")
        who = self._someone(
            "SELECT c.root_id FROM records_customers_merge m JOIN records_customers_customer c ON c.id = m.kept_id"
            " WHERE m.id = %s",
            merge,
        )
        path = f"/customers/{who}/merges/{merge}/undo/"
        return Act("undo", path, {}, str(merge), who, at) if who else None

    def erase(self, at: datetime, names: list[str]) -> Act | None:
        """Erase one of these."""
        who = self._someone(
            "SELECT id FROM records_customers_customer WHERE root_id = id AND name = ANY(%s)", names
        )
        rows = self._rows("SELECT name FROM records_customers_customer WHERE id = %s", who)
        if not rows:
            return None
        return Act("erase", f"/customers/{who}/erase/", {"number": str(who)}, rows[0][0], who, at)

    def forget(self, at: datetime) -> Act | None:
        """Erase somebody's friend, with all that came of the friendship."""
        who = self._someone(
            "SELECT DISTINCT c.id FROM connectors_wecom_relation r"
            " JOIN records_customers_subjectmap m ON m.subject_id = r.subject_id AND m.valid_to IS NULL"
            " JOIN records_customers_customer c ON c.id = m.customer_id AND c.erased_at IS NULL WHERE r.open"
        )
        form = {"number": str(who)}
        return Act("forget", f"/customers/{who}/erase/", form, str(who), who, at) if who else None

    def note_known(self, act: Act) -> bool:
        """Write down what is known of a friend who is about to be erased: afterwards nobody can say it."""
        members = [
            row[0]
            for row in self._rows(
                "SELECT id FROM records_customers_customer WHERE root_id ="
                " (SELECT root_id FROM records_customers_customer WHERE id = %s)",
                act.customer_id,
            )
        ]
        pairs = self._rows(
            "SELECT r.subject_id, r.employee_id, r.userid, r.external_userid FROM connectors_wecom_relation r"
            " JOIN records_customers_subjectmap m ON m.subject_id = r.subject_id AND m.valid_to IS NULL"
            " WHERE m.customer_id = ANY(%s)",
            members,
        )
        texts = self._rows(
            "SELECT id, content->>'text' FROM actions_messaging_delivery WHERE customer_id = ANY(%s)"
            " AND content->>'text' <> ''",
            members,
        )
        known = act.known
        known["members"] = sorted({*known.get("members", []), *members})
        known["pairs"] = sorted({*map(tuple, known.get("pairs", [])), *pairs}, key=str)
        known["texts"] = {**known.get("texts", {}), **{str(number): text for number, text in texts}}
        return bool(members and known["pairs"])

    def decide(self, at: datetime) -> Act | None:
        """Merge two people by hand, or say that they are two."""
        case = self._someone("SELECT id FROM records_customers_mergecase WHERE state = 'open'")
        rows = self._rows("SELECT first_id, second_id FROM records_customers_mergecase WHERE id = %s", case)
        if not rows:
            return None
        kept = self.random.choice(rows[0])
        together = self.random.random() < 0.75
        kind, form = ("merge", {"kept": str(kept)}) if together else ("part", {})
        return Act(kind, f"/customers/merges/{case}/", form, str(case), kept, at)

    # -- what the brand decides -------------------------------------------------------------

    def setting(self, at: datetime) -> Act | None:
        """Change a setting that decides what the next hours bring; never to what the brand began with."""
        key = self.random.choice([CAP, NOTICE, HOLDOUT])
        value = {
            CAP: str(21 + self.number % 60),
            NOTICE: f"告示{self.number}",
            HOLDOUT: str(31 + self.number % 20),
        }[key]
        path = f"/settings/preferences/{key}/"
        return Act("setting", path, {"value": value}, f"{key}={value}", 0, at)

    def segment(self, at: datetime) -> Act | None:
        """Make, change or archive a segment."""
        think = self.random.choices([self.segment_new, self.segment_edit, self.segment_archive], [3, 5, 1])[0]
        return think(at)

    def segment_new(self, at: datetime) -> Act | None:
        """Make one."""
        name = f"{SEGMENT}{self.number}"
        return Act("segment new", "/segments/new/", self._rule(name), f"{name}|{30 + self.number}", 0, at)

    def segment_edit(self, at: datetime) -> Act | None:
        """Change the rule of one of those made here."""
        rows = self._segments()
        if not rows:
            return self.segment_new(at)
        number, name = self.random.choice(rows)
        path = f"/segments/{number}/edit/"
        return Act("segment edit", path, self._rule(name), f"{name}|{30 + self.number}", 0, at)

    def segment_archive(self, at: datetime) -> Act | None:
        """Archive one of those made here."""
        rows = self._segments()
        number, name = self.random.choice(rows) if rows else (0, "")
        return Act("segment archive", f"/segments/{number}/archive/", {}, f"{name}|", 0, at) if rows else None

    def _segments(self) -> list[tuple[Any, ...]]:
        return self._rows(
            "SELECT id, name FROM insights_segments_segment WHERE archived_at IS NULL AND name LIKE %s ORDER BY id",
            f"{SEGMENT}%",
        )

    def _rule(self, name: str) -> dict[str, str]:
        """Who bought so often within so many days; the days are the rule's own."""
        return {
            "name": name, "description": "", "mode": "all", "groups": "1", "g0-mode": "all", "g0-rows": "1",
            "g0r0-what": "fact:order.paid", "g0r0-op": "is", "g0r0-value": "",
            "g0r0-least": str(self.random.randint(1, 4)), "g0r0-days": str(30 + self.number),
        }  # fmt: skip

    # -- journeys ---------------------------------------------------------------------------

    def journey(self, at: datetime) -> Act | None:
        """Put a step into a journey people are in, or publish what was put in."""
        return self.random.choice([self.journey_step, self.journey_publish])(at)

    def journey_step(self, at: datetime) -> Act | None:
        """One more wait of a few minutes, in the draft."""
        name = self.random.choice(list(JOURNEYS))
        number = self._journey(name)
        word = f"等{self.number}"
        form = {
            "type": "wait", "after": self.random.choice(JOURNEYS[name]), "label": word,
            "p-minutes": str(self.random.randint(1, 20)),
        }  # fmt: skip
        return Act("draft", f"/journeys/{number}/steps/new/", form, word, 0, at) if number else None

    def journey_publish(self, at: datetime) -> Act | None:
        """Make the draft live, if there is one."""
        number = self._journey(self.random.choice(list(JOURNEYS)))
        form = {"act": "publish"}
        return Act("publish", f"/journeys/{number}/act/", form, str(number), 0, at) if number else None

    def _journey(self, name: str) -> int:
        return self._someone("SELECT id FROM decisions_journeys_journey WHERE name = %s", name)

    # -- looking ----------------------------------------------------------------------------

    def _someone(self, sql: str, *params: object) -> int:
        rows = self._rows(sql, *params)
        return int(self.random.choice(rows)[0]) if rows else 0

    def _rows(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        return list(asked(lambda: foundation.fetch(sql, list(params))) or [])
