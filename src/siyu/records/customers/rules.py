"""Pure rules: how identities are written, masked, compared, and when a merge may happen by itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from siyu.records.customers.contracts import IdentityKind, IdentityRef

#: Kinds that make a person a customer at first sight.
STRONG = frozenset(
    {IdentityKind.PHONE, IdentityKind.UNIONID, IdentityKind.EXTERNAL_USERID, IdentityKind.MEMBER_NO}
)
#: Kinds of which one person has at most one per realm: two values mean two people until someone decides.
EXCLUSIVE = STRONG

NAME_LIMIT = 64
NAME_REFUSED_ABOVE = 64
_MAX_LENGTH = {IdentityKind.DEVICE: 128, IdentityKind.ORDER_NO: 64, IdentityKind.MEMBER_NO: 64}
_TOKEN = re.compile(r"[A-Za-z0-9_\-]+")
_PHONE_NOISE = re.compile(r"[\s\-().·]+")
_JOINERS = {"\u200d", "\ufe0e", "\ufe0f"}
#: Marks that turn round the text that follows them, beyond the name.
_TURNING = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}

Key = tuple[IdentityKind, str, str]


def normal_phone(value: str) -> str | None:
    """E.164 form of a phone number, or None when it is none.

    Full-width digits, spaces, hyphens and brackets are dropped. A Chinese mobile number may come bare,
    with 86, +86 or 0086; a number with a leading 0 is a Chinese landline; anything else needs its ``+``
    and country code. A masked number (138****4145) is no number.
    """
    if value.isascii() and value.isdigit() and _is_mobile(value):
        return f"+86{value}"  # as nearly all are written
    text = _PHONE_NOISE.sub("", unicodedata.normalize("NFKC", value))
    if text.startswith("00"):
        text = "+" + text[2:]
    digits = text[1:] if text.startswith("+") else text
    if not digits.isascii() or not digits.isdigit():
        return None
    if text.startswith("+"):
        if digits.startswith("86") and not _chinese(digits[2:]):
            return None
        return f"+{digits}" if 7 <= len(digits) <= 15 and digits[0] != "0" else None
    if digits.startswith("86") and _is_mobile(digits[2:]):
        return f"+{digits}"
    if _is_mobile(digits):
        return f"+86{digits}"
    if digits.startswith("0") and 10 <= len(digits) <= 12:
        return f"+86{digits[1:]}"
    return None


def _is_mobile(digits: str) -> bool:
    return len(digits) == 11 and digits[0] == "1" and digits[1] in "3456789"


def _chinese(digits: str) -> bool:
    return _is_mobile(digits) or (9 <= len(digits) <= 11 and digits[0] != "1")


def normal_key(ref: IdentityRef) -> Key | None:
    """(kind, realm, canonical value) of a reference, or None when it is not a usable identity."""
    try:
        kind = IdentityKind(ref.kind)
    except ValueError:
        return None
    realm = unicodedata.normalize("NFKC", ref.realm).strip() if ref.realm else ""
    if len(realm) > 64 or not _printable(realm):
        return None
    if kind is IdentityKind.PHONE:
        phone = normal_phone(ref.value)
        return None if phone is None else (kind, "", phone)
    value = unicodedata.normalize("NFKC", ref.value).strip()
    if not value or "*" in value or not _printable(value) or len(value) > _MAX_LENGTH.get(kind, 64):
        return None
    if kind in (IdentityKind.UNIONID, IdentityKind.OPENID, IdentityKind.EXTERNAL_USERID):
        if not _TOKEN.fullmatch(value):
            return None
        if kind is IdentityKind.UNIONID:
            realm = ""
    return kind, realm, value


def check_ref(ref: IdentityRef) -> str | None:
    """Why a reference cannot be used ("unknown_kind", "masked", "malformed"), or None when it can.

    Callers with mixed batches sort out bad references with this first; ``identify`` refuses a batch
    that contains one.
    """
    if normal_key(ref) is not None:
        return None
    if ref.kind not in set(IdentityKind):
        return "unknown_kind"
    return "masked" if "*" in ref.value else "malformed"


def mask_phone(phone: str) -> str:
    """138****4145 for a Chinese mobile; others keep the country code's start and the last two digits."""
    bare = phone[3:] if phone.startswith("+86") else phone
    if _is_mobile(bare):
        return f"{bare[:3]}****{bare[-4:]}"
    return f"{bare[:3]}****{bare[-2:]}" if len(bare) > 6 else "****"


def mask_value(kind: IdentityKind, value: str) -> str:
    """How an identity is shown in lists."""
    if kind is IdentityKind.PHONE:
        return mask_phone(value)
    if kind in (IdentityKind.ORDER_NO, IdentityKind.MEMBER_NO):
        return value
    return value if len(value) <= 8 else f"{value[:4]}…{value[-4:]}"


def conflict(groups: Iterable[Iterable[tuple[IdentityKind, str, bytes]]]) -> str | None:
    """Why people may not be merged without a decision, or None.

    Each group holds the (kind, realm, hash) of one person's identities. A kind of which a person has
    one per realm and that shows two values across the groups speaks against one person; the answer is
    "two_<kind>". Sets that stand within one group already were accepted before and count as one.
    """
    owner: dict[tuple[IdentityKind, str], tuple[int, bytes]] = {}
    for number, group in enumerate(groups):
        for kind, realm, value in group:
            if kind not in EXCLUSIVE:
                continue
            seen = owner.setdefault((kind, realm), (number, value))
            if seen[0] != number and seen[1] != value:
                return f"two_{kind.value}"
    return None


def roots_of(nodes: Iterable[int], edges: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Customer → customer in force, from the merges in force as (kept, merged) pairs.

    Each connected group answers with one of its members that no merge gave up; the oldest of them (the
    lowest id) where there are several. A function of the set of merges, so their order does not matter.
    """
    group = {node: node for node in nodes}

    def find(node: int) -> int:
        while group[node] != node:
            group[node] = group[group[node]]
            node = group[node]
        return node

    given_up = set()
    for kept, merged in edges:
        group[find(merged)] = find(kept)
        given_up.add(merged)
    members: dict[int, list[int]] = {}
    for node in group:
        members.setdefault(find(node), []).append(node)
    roots = {}
    for together in members.values():
        root = min(node for node in together if node not in given_up)
        roots.update(dict.fromkeys(together, root))
    return roots


def cut_name(name: str) -> str:
    """A display name from outside, made fit to store: control characters dropped, at most 64 characters.

    It is cut before a joiner or modifier so that no half emoji stays behind.
    """
    text = clean_name(name)
    if len(text) <= NAME_LIMIT:
        return text
    end = NAME_LIMIT
    while end > 0 and (_continues(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return text[: end or NAME_LIMIT].rstrip()


def clean_name(name: str) -> str:
    """Without control characters (PostgreSQL refuses NUL; line breaks spoil lists), turning marks and outer spaces."""
    kept = (
        char if char in _JOINERS or unicodedata.category(char) not in ("Cc", "Cs", "Co", "Cn") else " "
        for char in name
        if char not in _TURNING
    )
    return "".join(kept).strip()


def _continues(char: str) -> bool:
    return char in _JOINERS or unicodedata.combining(char) > 0 or "\U0001f3fb" <= char <= "\U0001f3ff"


def _printable(text: str) -> bool:
    return text.isprintable() or all(unicodedata.category(char) not in ("Cc", "Cs") for char in text)


@dataclass(frozen=True)
class ContactMoment:
    """What a platform said about one friend relation at one moment."""

    at: datetime
    added: bool
    state: str = ""
    add_way: str = ""
    ended_by: str = ""


@dataclass(frozen=True)
class Period:
    """One period of friend relation."""

    since: datetime
    until: datetime | None
    ended_by: str
    state: str
    add_way: str


SAME_ADDING = timedelta(seconds=60)


def periods(moments: Iterable[ContactMoment]) -> list[Period]:
    """Periods of friend relation from all that is known about it, in whatever order it came.

    Adding again within a minute is the same adding (a platform reports one twice, a second apart); the
    first state that is not empty counts. Adding again later means that the end in between was lost: friends
    cannot become friends. The first period then ends a second before, by nobody known, and each adding is
    told, whichever is heard of first. An end without a beginning gives no period. Of an
    adding and an end at the same moment (platforms tell whole seconds) the end wins: a friend who is none
    would be written to, one who is missing is found again by asking the platform. So no period begins
    where another ends.
    """
    found: list[Period] = []
    for moment in sorted(moments, key=lambda m: (m.at, not m.added)):
        open_now = found[-1] if found and found[-1].until is None else None
        if moment.added and open_now is not None and moment.at - open_now.since > SAME_ADDING:
            found[-1] = replace(open_now, until=moment.at - timedelta(seconds=1))
            open_now = None
        if moment.added and open_now is None:
            found.append(Period(moment.at, None, "", moment.state, moment.add_way))
        elif moment.added and open_now is not None:
            found[-1] = replace(
                open_now, state=open_now.state or moment.state, add_way=open_now.add_way or moment.add_way
            )
        elif open_now is not None:
            found[-1] = replace(open_now, until=moment.at, ended_by=moment.ended_by)
    return found


def groups_of(pairs: Mapping[int, int]) -> dict[int, list[int]]:
    """Invert subject → customer into customer → ascending subjects."""
    found: dict[int, list[int]] = {}
    for subject, customer in sorted(pairs.items()):
        found.setdefault(customer, []).append(subject)
    return found
