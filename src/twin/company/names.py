"""Chinese names with their pinyin, and which of them are usual for women and men."""

from __future__ import annotations

import random

SURNAMES = [
    ("王", "wang"), ("李", "li"), ("张", "zhang"), ("刘", "liu"), ("陈", "chen"), ("杨", "yang"),
    ("黄", "huang"), ("赵", "zhao"), ("吴", "wu"), ("周", "zhou"), ("徐", "xu"), ("孙", "sun"),
    ("马", "ma"), ("朱", "zhu"), ("胡", "hu"), ("郭", "guo"), ("何", "he"), ("林", "lin"),
    ("高", "gao"), ("罗", "luo"), ("郑", "zheng"), ("梁", "liang"), ("谢", "xie"), ("宋", "song"),
    ("唐", "tang"), ("许", "xu"), ("韩", "han"), ("冯", "feng"), ("邓", "deng"), ("曹", "cao"),
    ("彭", "peng"), ("曾", "zeng"), ("肖", "xiao"), ("田", "tian"), ("董", "dong"), ("潘", "pan"),
    ("袁", "yuan"), ("蔡", "cai"), ("蒋", "jiang"), ("余", "yu"), ("于", "yu"), ("杜", "du"),
    ("叶", "ye"), ("程", "cheng"), ("苏", "su"), ("魏", "wei"), ("吕", "lv"), ("丁", "ding"),
    ("沈", "shen"), ("任", "ren"), ("姚", "yao"), ("卢", "lu"), ("傅", "fu"), ("钟", "zhong"),
    ("欧阳", "ouyang"), ("上官", "shangguan"),
]  # fmt: skip
WOMEN = [
    ("静怡", "jingyi"), ("雨桐", "yutong"), ("思颖", "siying"), ("晓琳", "xiaolin"),
    ("佳慧", "jiahui"), ("梦瑶", "mengyao"), ("雅婷", "yating"), ("诗涵", "shihan"),
    ("丽娟", "lijuan"), ("秀英", "xiuying"), ("芳", "fang"), ("敏", "min"), ("婷婷", "tingting"),
    ("欣然", "xinran"), ("若曦", "ruoxi"), ("语嫣", "yuyan"), ("可欣", "kexin"), ("海燕", "haiyan"),
    ("玉兰", "yulan"), ("春梅", "chunmei"), ("慧敏", "huimin"), ("淑华", "shuhua"), ("倩", "qian"),
    ("颖", "ying"), ("洁", "jie"), ("莉", "li"), ("雪", "xue"), ("月", "yue"), ("琪", "qi"),
    ("文静", "wenjing"), ("紫萱", "zixuan"), ("心怡", "xinyi"), ("嘉怡", "jiayi"), ("安琪", "anqi"),
    ("楚涵", "chuhan"), ("亦菲", "yifei"), ("晚晴", "wanqing"), ("听雨", "tingyu"),
    ("书瑶", "shuyao"), ("沐晴", "muqing"),
]  # fmt: skip
MEN = [
    ("伟", "wei"), ("强", "qiang"), ("磊", "lei"), ("建国", "jianguo"), ("志强", "zhiqiang"),
    ("浩然", "haoran"), ("子轩", "zixuan"), ("俊杰", "junjie"), ("宇航", "yuhang"),
    ("明哲", "mingzhe"), ("文博", "wenbo"), ("嘉豪", "jiahao"), ("天佑", "tianyou"),
    ("海涛", "haitao"), ("国栋", "guodong"), ("振华", "zhenhua"), ("鹏飞", "pengfei"),
    ("晓东", "xiaodong"), ("家明", "jiaming"), ("一鸣", "yiming"), ("思远", "siyuan"),
    ("亦凡", "yifan"), ("泽宇", "zeyu"), ("景行", "jingxing"),
]  # fmt: skip
NICKNAMES = [
    "爱吃橘子的猫", "小满", "阿May", "一颗小星星🌟", "风吹麦浪", "Luna", "木子李", "奶茶三分糖",
    "向日葵🌻", "Cici", "岁月静好", "晴天", "Echo", "半夏", "甜甜圈", "清欢", "老顾", "七月",
    "Vivian", "山里的月亮", "圆圆妈妈", "慢慢来", "Jason", "喵喵", "西瓜汁", "阿杰",
]  # fmt: skip
WOMEN_SHARE = 0.72
NICKNAME_SHARE = 0.3


def full_name(source: random.Random, women_share: float = WOMEN_SHARE) -> tuple[str, str, int]:
    """A name, its pinyin and the gender as WeCom counts it (1 man, 2 woman)."""
    surname, surname_pinyin = source.choice(SURNAMES)
    woman = source.random() < women_share
    given, given_pinyin = source.choice(WOMEN if woman else MEN)
    return surname + given, surname_pinyin + given_pinyin, 2 if woman else 1


def shown_name(source: random.Random, name: str) -> str:
    """What WeChat shows of a person: often a nickname, otherwise the name."""
    return source.choice(NICKNAMES) if source.random() < NICKNAME_SHARE else name
