"""Two years of orders before the start, as the shop system exports them to a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from twin.clock import china, china_iso
from twin.company.goods import pick
from twin.company.people import make_person
from twin.rng import rng
from twin.state import Follow, Goods, Person, State

DAY = 86_400
YEARS_DAYS = 730
FRIENDS = 600
OTHER_BUYERS = 260
COLUMNS = [
    "order_no", "paid_at", "customer_phone", "unionid", "buyer_name", "store_code",
    "clerk_userid", "sku", "product_name", "quantity", "amount_yuan", "status", "source",
]  # fmt: skip
SOURCES = ["pos", "mini", "tmall", "douyin"]
SOURCE_WEIGHTS = [52, 26, 14, 8]


@dataclass(frozen=True)
class Row:
    """One line of the export; amount in 分."""

    order_no: str
    paid_at: int
    person: Person
    source: str
    store_code: str
    clerk_userid: str
    goods: Goods
    quantity: int
    amount: int
    status: str


def friends_before(state: State) -> None:
    """Give the clerks the customers they already have, with some remarks and tags."""
    clerks = [member for member in state.members.values() if member.role != "region_manager"]
    levels = [tag for tag in state.tags.values() if tag.name in ("普通", "银卡", "金卡", "钻石卡")]
    wishes = [tag for tag in state.tags.values() if state.tag_groups[tag.group_id].name == "意向品类"]
    for number in range(FRIENDS):
        person_id = f"c{number + 1:04d}"
        source = rng(state.seed, "friend", person_id)
        since = state.anchor - source.randrange(3 * DAY, YEARS_DAYS * DAY)
        person = make_person(state.seed, state.corpid, person_id, kind="existing", at=since)
        state.people[person_id] = person
        for clerk in source.sample(clerks, 2 if source.random() < 0.06 else 1):
            person.first_clerk = person.first_clerk or clerk.userid
            follow = Follow(
                userid=clerk.userid, external_userid=person.external_userid, createtime=since,
                add_way=source.choice([1, 1, 1, 2, 3]), oper_userid=person.external_userid,
                last_chat_at=since,
            )  # fmt: skip
            if source.random() < 0.45:
                follow.remark = f"{person.name[:8]} {source.choice(['老客', '会员', '婚戒', '送礼'])}"
            if source.random() < 0.4:
                follow.remark_mobiles = [person.phone]
            if source.random() < 0.5:
                follow.tag_ids.append(source.choices(levels, [6, 3, 2, 1])[0].id)
            if source.random() < 0.3:
                follow.tag_ids.append(source.choice(wishes).id)
            state.follows[f"{clerk.userid}|{person.external_userid}"] = follow


def _buyers(state: State) -> Iterator[tuple[Person, str]]:
    """Everybody who bought before the start, with the clerk they know, if any."""
    for number in range(FRIENDS):
        person = state.people[f"c{number + 1:04d}"]
        yield person, person.first_clerk
    for number in range(OTHER_BUYERS):
        person_id = f"b{number + 1:04d}"
        yield (
            make_person(state.seed, state.corpid, person_id, kind="buyer", at=state.anchor),
            "",
        )


def history(state: State) -> list[Row]:
    """All orders before the start, oldest first; the same for the same seed and start day."""
    by_department = {store.department_id: store.code for store in state.stores.values()}
    codes = list(state.stores)
    rows: list[Row] = []
    for person, clerk in _buyers(state):
        source = rng(state.seed, "history", person.id)
        home = (
            by_department[state.members[clerk].department]
            if clerk and state.members[clerk].department in by_department
            else source.choice(codes)
        )
        for number in range(1 + min(int(source.expovariate(0.55)), 14)):
            day = state.anchor - source.randrange(1, YEARS_DAYS) * DAY
            paid_at = day - (day + 8 * 3600) % DAY + source.randrange(10 * 3600, 22 * 3600)
            channel = source.choices(SOURCES, SOURCE_WEIGHTS)[0]
            order_no = f"{channel.upper()}{china(paid_at):%y%m%d}{person.id.upper()}{number:02d}"
            in_store = channel == "pos"
            status = "refunded" if source.random() < 0.05 else "paid"
            chosen: set[str] = set()
            for _ in range(source.choices([1, 2, 3], [78, 17, 5])[0]):
                goods = pick(source, state.goods)
                if goods.sku in chosen:
                    continue
                chosen.add(goods.sku)
                quantity = source.choices([1, 2], [94, 6])[0]
                discount = source.choice([100, 100, 100, 95, 90, 88])
                rows.append(
                    Row(
                        order_no=order_no,
                        paid_at=paid_at,
                        person=person,
                        source=channel,
                        store_code=home if in_store or channel == "mini" else "",
                        clerk_userid=clerk if in_store else "",
                        goods=goods,
                        quantity=quantity,
                        amount=goods.price * quantity * discount // 100,
                        status=status,
                    )  # fmt: skip
                )
    rows.sort(key=lambda row: (row.paid_at, row.order_no))
    return rows


def orders_csv(state: State) -> str:
    """The export: marketplaces give no phone, only the own mini-program knows the unionid."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in history(state):
        masked = row.source in ("tmall", "douyin")
        buyer = row.person.name[:1] + "**" if masked else row.person.name
        writer.writerow(
            [
                row.order_no,
                china_iso(row.paid_at),
                "" if masked else row.person.phone,
                row.person.unionid if row.source == "mini" else "",
                buyer,
                row.store_code,
                row.clerk_userid,
                row.goods.sku,
                row.goods.name,
                row.quantity,
                f"{row.amount // 100}.{row.amount % 100:02d}",
                row.status,
                row.source,
            ]  # fmt: skip
        )
    return out.getvalue()
