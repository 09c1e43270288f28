"""Regions, stores, members, applications and the console's own tags."""

from __future__ import annotations

from twin.company.names import full_name
from twin.rng import HEX, name_of, rng
from twin.state import App, Department, Member, Store, Tag, TagGroup

COMPANY = "星榆珠宝(模拟数据)"
REGIONS = [("华东", "HD"), ("华南", "HN"), ("华北", "HB")]
STORES = [
    ("华东", "SH01", "上海南京西路店", "上海"), ("华东", "SH02", "上海五角场店", "上海"),
    ("华东", "HZ01", "杭州湖滨店", "杭州"), ("华东", "NJ01", "南京新街口店", "南京"),
    ("华南", "GZ01", "广州天河店", "广州"), ("华南", "GZ02", "广州北京路店", "广州"),
    ("华南", "SZ01", "深圳万象店", "深圳"), ("华南", "XM01", "厦门中山路店", "厦门"),
    ("华北", "BJ01", "北京王府井店", "北京"), ("华北", "BJ02", "北京朝阳店", "北京"),
    ("华北", "TJ01", "天津和平路店", "天津"), ("华北", "JN01", "济南泉城路店", "济南"),
]  # fmt: skip
CLERKS_PER_STORE = 5
TEMPERAMENTS = ["prompt", "prompt", "usual", "usual", "usual", "slow", "forgetful"]
CONSOLE_TAGS = [
    ("客户等级", ["普通", "银卡", "金卡", "钻石卡"]),
    ("意向品类", ["足金", "钻石", "K金", "珍珠", "翡翠玉石", "银饰"]),
    ("购买场景", ["自戴", "婚嫁", "送礼", "宝宝"]),
]
# AES keys of 43 characters carry two spare bits; these last letters leave them zero.
AES_LAST = "AEIMQUYcgkosw048"


def corpid(seed: int) -> str:
    """The company's id."""
    return "ww" + name_of(seed, "corp", length=16, alphabet=HEX)


def applications(seed: int) -> dict[str, App]:
    """The company's applications: siyu's own, the directory helper, and one with few rights."""
    plan = [
        ("siyu", "私域运营", 1000002, ["contacts", "customer", "message"], [1]),
        ("contacts", "通讯录同步", 1, ["contacts", "contacts_sync"], [1]),
        ("report", "门店日报", 1000003, ["contacts", "message"], [2]),
    ]
    return {
        key: App(
            key=key,
            name=name,
            agentid=agentid,
            secret=name_of(seed, "secret", key, length=43),
            token=name_of(seed, "token", key, length=24),
            aes_key=name_of(seed, "aes", key, length=42)
            + name_of(seed, "aes-last", key, length=1, alphabet=AES_LAST),
            permissions=permissions,
            visible=visible,
        )
        for key, name, agentid, permissions, visible in plan
    }


def departments_and_stores() -> tuple[dict[str, Department], dict[str, Store]]:
    """The tree 总部 → 区域 → 门店; departments are keyed by their id as text."""
    departments = {"1": Department(1, COMPANY, 0, 100_000_000)}
    stores: dict[str, Store] = {}
    region_ids = {}
    for number, (region, _) in enumerate(REGIONS):
        region_ids[region] = number + 2
        departments[str(number + 2)] = Department(number + 2, f"{region}大区", 1, 1000 - number)
    for number, (region, code, name, city) in enumerate(STORES):
        department_id = 101 + number
        departments[str(department_id)] = Department(department_id, name, region_ids[region], 1000 - number)
        stores[code] = Store(code, name, city, region, department_id)
    return departments, stores


def members(seed: int, stores: dict[str, Store]) -> dict[str, Member]:
    """Three region managers and five people a store, the first of them 店长."""
    people: dict[str, Member] = {}

    def hire(key: str, department: int, position: str, role: str, temper: str) -> None:
        name, pinyin, gender = full_name(rng(seed, "member", key), women_share=0.8)
        taken = {member.name for member in people.values()}
        attempt = 0
        while name in taken or pinyin in people:
            attempt += 1
            name, pinyin, gender = full_name(rng(seed, "member", key, attempt), women_share=0.8)
        people[pinyin] = Member(
            userid=pinyin, name=name, department=department, position=position, role=role,
            gender=gender, temperament=temper,
        )  # fmt: skip

    for number, (region, code) in enumerate(REGIONS):
        hire(code, number + 2, f"{region}区域经理", "region_manager", "prompt")
    for store in stores.values():
        for number in range(CLERKS_PER_STORE):
            leads = number == 0
            temper = rng(seed, "temper", store.code, number).choice(TEMPERAMENTS)
            hire(
                f"{store.code}-{number}", store.department_id, "店长" if leads else "导购",
                "store_manager" if leads else "clerk", "prompt" if leads else temper,
            )  # fmt: skip
    return people


def console_tags(seed: int, at: int) -> tuple[dict[str, TagGroup], dict[str, Tag]]:
    """The tags an administrator made by hand before any application came."""
    groups: dict[str, TagGroup] = {}
    tags: dict[str, Tag] = {}
    for position, (group_name, names) in enumerate(CONSOLE_TAGS):
        group_id = "et" + name_of(seed, "tag-group", group_name, length=30)
        groups[group_id] = TagGroup(group_id, group_name, 100 - position, at)
        for number, name in enumerate(names):
            tag_id = "et" + name_of(seed, "tag", group_name, name, length=30)
            tags[tag_id] = Tag(tag_id, group_id, name, 100 - number, at)
    return groups, tags
