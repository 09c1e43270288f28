"""What the simulated jewellery brand sells."""

from __future__ import annotations

import random

from twin.state import Goods

# (category, prefix, weight in the till, [(name, price in 元)])
RANGES: list[tuple[str, str, int, list[tuple[str, int]]]] = [
    ("足金", "AU", 6, [
        ("足金古法传承手镯 30g", 21_600), ("足金转运珠手绳", 1_280), ("足金福牌吊坠", 3_960),
        ("足金5G素圈戒指", 2_180), ("足金麻花项链", 6_580), ("足金小元宝串珠", 899),
        ("足金生肖吊坠 马", 2_460), ("足金宝宝平安锁", 3_280), ("足金如意耳钉", 1_560),
    ]),
    ("钻石", "DI", 3, [
        ("18K金钻石戒指 30分", 6_999), ("18K金钻石戒指 50分", 15_800), ("铂金六爪钻戒 1克拉", 46_800),
        ("18K金钻石项链 星河", 4_580), ("18K金钻石耳钉 微光", 2_980), ("18K金排钻手链", 9_680),
        ("铂金对戒 同心", 8_880),
    ]),
    ("K金", "KG", 5, [
        ("18K金素圈项链", 1_690), ("18K金笑脸手链", 1_380), ("18K金珍珠耳线", 980),
        ("18K玫瑰金蝴蝶项链", 1_880), ("18K金竹节戒指", 1_260), ("18K金锁骨链 月牙", 1_560),
    ]),
    ("珍珠", "PE", 4, [
        ("淡水珍珠项链 7-8mm", 1_280), ("Akoya珍珠耳钉 8mm", 2_680), ("南洋白珠吊坠 12mm", 5_880),
        ("巴洛克珍珠手链", 860), ("大溪地黑珍珠戒指", 6_280), ("马眼珍珠胸针", 1_180),
    ]),
    ("翡翠玉石", "JA", 2, [
        ("冰种翡翠平安扣", 8_800), ("糯种翡翠手镯", 16_800), ("和田玉如意吊坠", 3_680),
        ("和田玉手串 10mm", 2_880), ("翡翠福豆吊坠 18K金镶", 5_280),
    ]),
    ("银饰", "AG", 6, [
        ("925银小鹿项链", 299), ("925银星月耳钉", 159), ("925银莫比乌斯戒指", 199),
        ("925银儿童手镯", 399), ("925银四叶草手链", 269),
    ]),
    ("服务", "SV", 2, [("旧金换新工费", 260), ("刻字与清洗套餐", 99)]),
]  # fmt: skip


def catalogue() -> dict[str, Goods]:
    """All goods by SKU."""
    goods: dict[str, Goods] = {}
    for category, prefix, _, items in RANGES:
        for number, (name, price) in enumerate(items, start=1):
            sku = f"{prefix}{number:03d}"
            goods[sku] = Goods(sku=sku, name=name, category=category, price=price * 100)
    return goods


def pick(source: random.Random, goods: dict[str, Goods]) -> Goods:
    """A product somebody buys: cheap things more often than dear ones."""
    weights = {category: weight for category, _, weight, _ in RANGES}
    items = list(goods.values())
    chances = [weights[item.category] / (1 + item.price / 400_000) for item in items]
    return source.choices(items, chances)[0]
