"""Trouble that clusters: spells in which the platform or a part of it is unwell, and trouble that follows a message.

Faults that are drawn for each call alone hardly ever meet two questions in a row; those of a real platform do, and
what a caller concludes from the first decides what it does at the second. All is drawn from the seed and the
simulated moment, so a jump meets the spell that a slow run would have met.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from random import Random

from twin.rng import rng
from twin.state import Json
from twin.web.messages import Cut
from twin.wecom.errors import WecomError

SLOT = 7200.0  # seconds; each holds one spell at most
SHORTEST, LONGEST = 300.0, SLOT
MEAN = (LONGEST - SHORTEST) / math.log(LONGEST / SHORTEST)
KINDS = {"http_5xx": 3.0, "timeout": 2.0, "freq_limit": 3.0, "busy": 2.0, "token_invalidated": 1.0, "cut_after_effect": 2.0}  # fmt: skip
AREAS = {
    "": 3.0,
    "externalcontact/": 2.0,
    "externalcontact/get_groupmsg": 3.0,
    "externalcontact/add_msg": 1.0,
}

ASK, ASK_ALL, MAKE = (
    "externalcontact/get_groupmsg_send_result",
    "externalcontact/get_groupmsg_list_v2",
    "externalcontact/add_msg_template",
)
FEWEST, MOST = 2, 8  # questions about one message that meet trouble
UNANSWERED = 0.3  # share of these messages to which the answer is cut off as well
RECENT = 20  # newest messages whose trouble also meets a question for all


@dataclass(frozen=True)
class Spell:
    """What is wrong for a while: a fault of the twin's, how likely for each call, and of which paths."""

    kind: str
    share: float
    area: str

    def meets(self, kind: str, path: str) -> float:
        """How likely this fault is for a call of this path."""
        return self.share if kind == self.kind and path.startswith(self.area) else 0.0


def spell_at(seed: int, moment: float, share: float) -> Spell | None:
    """The spell that lasts at this moment, where ``share`` of all time lies in spells (at most about 0.3)."""
    if share <= 0:
        return None
    slot, passed = divmod(moment, SLOT)
    source = rng(seed, "spell", int(slot))
    lasts = SHORTEST * (LONGEST / SHORTEST) ** source.random()
    begins = source.uniform(0, SLOT - lasts)
    kind = source.choices(list(KINDS), list(KINDS.values()))[0]
    area = source.choices(list(AREAS), list(AREAS.values()))[0]
    strength = source.uniform(0.4, 0.95)
    if source.random() >= share * SLOT / MEAN or not begins <= passed < begins + lasts:
        return None
    return Spell(kind, strength, area)


class Following:
    """Trouble that follows single messages: the answer to making one is cut off, the first questions about it fail."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._left: dict[str, int] = {}

    def made(self, document: Json, share: float) -> bool:
        """Whether trouble follows the message that was just made."""
        msgid = str(document.get("msgid", ""))
        source = rng(self._seed, "follow", msgid)
        if msgid and source.random() < share:
            with self._lock:
                self._left[msgid] = source.randint(FEWEST, MOST)
            return True
        return False

    def cut_off(self, document: Json) -> None:
        """Cut off the answer to some of the messages that trouble follows."""
        if rng(self._seed, "follow answer", str(document.get("msgid", ""))).random() < UNANSWERED:
            raise Cut

    def asked(self, path: str, args: Json) -> None:
        """Let a question about a followed message fail; raises Cut or WecomError while its trouble lasts."""
        with self._lock:
            if path == ASK_ALL:
                msgid = next((each for each in list(self._left)[-RECENT:] if self._left[each]), "")
            else:
                msgid = str(args.get("msgid", "")) if path == ASK else ""
            left = self._left.get(msgid, 0)
            if not left:
                return
            self._left[msgid] = left - 1
        _fail(rng(self._seed, "follow", msgid, left))


def _fail(source: Random) -> None:
    draw = source.random()
    if draw < 0.5:
        raise Cut
    raise WecomError(45009 if draw < 0.8 else -1)
