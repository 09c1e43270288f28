"""Making people: their name, phone, ids."""

from __future__ import annotations

from twin.company.names import full_name, shown_name
from twin.rng import name_of, rng
from twin.state import Person

PHONE_PREFIXES = ["133", "135", "136", "137", "138", "139", "150", "158", "177", "186", "188"]
CITIES = ["上海", "杭州", "南京", "广州", "深圳", "厦门", "北京", "天津", "济南"]


def external_userid(seed: int, corpid: str, person_id: str) -> str:
    """The id of a person for one company; other companies see another one."""
    return "wm" + name_of(seed, "external", corpid, person_id, length=30)


def make_person(
    seed: int, corpid: str, person_id: str, *, kind: str, at: int, name: str = "", phone: str = ""
) -> Person:
    """A person wholly fixed by the seed and `person_id`, but for what is given."""
    source = rng(seed, "person", person_id)
    own_name, _, gender = full_name(source)
    return Person(
        id=person_id,
        name=name or shown_name(source, own_name),
        gender=gender,
        phone=phone or source.choice(PHONE_PREFIXES) + f"{source.randrange(10**8):08d}",
        unionid="o" + name_of(seed, "union", person_id, length=27),
        external_userid=external_userid(seed, corpid, person_id),
        kind=kind,
        city=source.choice(CITIES),
        created_at=at,
    )
