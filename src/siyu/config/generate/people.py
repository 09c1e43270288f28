"""Customers with everything that hangs on them: subjects, identities, map, friends, stewards, tags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import connection

from siyu.config.generate.plan import GROWTH, MONTHS, Plan
from siyu.foundation import api as foundation
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

SOURCE = "generate"
COMPANY = "generate:corp"
CHUNK = 10_000
SPAN = timedelta(days=MONTHS * 30)
FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国晓燕子涵雨桐志美玲欣怡浩然思远诗琪梓轩佳慧文博嘉懿宇航俊熙若曦"
TAGS = (
    "已婚",
    "送礼",
    "黄金偏好",
    "钻石偏好",
    "老客",
    "高潜",
    "价格敏感",
    "生日月",
    "会员日常客",
    "婚庆意向",
    "保养到店",
    "投诉过",
)

# A number of 20 bits from a key and a purpose: the same in every run, spread like chance.
CHANCE = "((hashint8extended({key}, {seed}) & 1048575) / 1048576.0)"


def chance(key: str, seed: int) -> str:
    """SQL for a number in [0, 1) that belongs to ``key`` and ``seed``."""
    return CHANCE.format(key=f"({key})::bigint", seed=seed)


def make(plan: Plan, *, at: datetime, say: Callable[[str], None]) -> tuple[int, int]:
    """Write them; returns the first subject and the first customer id (both count up from there)."""
    subject, customer = _next("facts_events_subject"), _next("records_customers_customer")
    values = {"n": plan.customers, "s": subject, "c": customer, "from": at - SPAN, "span": SPAN, "at": at}
    _persons(plan, values, at=at)
    foundation.execute("CREATE TEMP TABLE gen_tag (id bigint, k bigint, since timestamptz, name text)")
    for name, sql in STATEMENTS:
        foundation.execute(sql, values)
        say(name)
    customers.see_all_anew()
    say("who sees whom")
    _identities(plan, subject, say)
    for table in ("facts_events_subject", "records_customers_customer"):
        foundation.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )
    return subject, customer


def _next(table: str) -> int:
    return int(foundation.fetch(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")[0][0])


def _persons(plan: Plan, values: dict[str, object], *, at: datetime) -> None:
    """A working table of who is when whose: number, moment, clerk, store, friend or not."""
    clerks = [(one.id, one.unit_id) for one in staff.employees(at)]
    ids = foundation.array(one[0] for one in clerks)
    units = foundation.array(one[1] for one in clerks)
    foundation.execute(
        f"""CREATE TEMP TABLE gen_person AS
            SELECT k, %(from)s::timestamptz + %(span)s::interval * power((k + {chance("k", 1)}) / %(n)s, {1 / GROWTH}) AS born,
                   e.id AS employee_id, e.unit_id, {chance("k", 2)} < 0.6 AS friend, {chance("k", 3)} < 0.7 AS assigned
            FROM (SELECT k, 1 + floor(%(clerks)s * power({chance("k", 4)}, 1.5))::int AS which
                  FROM generate_series(0, %(n)s - 1) k) g
            JOIN unnest(%(ids)s::bigint[], %(units)s::bigint[]) WITH ORDINALITY AS e(id, unit_id, number) ON e.number = g.which""",
        {**values, "clerks": len(clerks), "ids": ids, "units": units},
    )
    foundation.execute("ALTER TABLE gen_person ADD PRIMARY KEY (k)")
    foundation.execute("CREATE INDEX ON gen_person (born)")
    foundation.execute("ANALYZE gen_person")


_NAME = (
    f"substr('{FAMILY}', 1 + floor({len(FAMILY)} * power({chance('k', 5)}, 2))::int, 1)"
    f" || substr('{GIVEN}', 1 + floor({len(GIVEN)} * {chance('k', 6)})::int, 1)"
    f" || CASE WHEN {chance('k', 7)} < 0.7 THEN substr('{GIVEN}', 1 + floor({len(GIVEN)} * {chance('k', 8)})::int, 1) ELSE '' END"
)
STATEMENTS: tuple[tuple[str, str], ...] = (
    (
        "subjects",
        """INSERT INTO facts_events_subject (id, created_at)
           SELECT %(s)s + k, born FROM gen_person UNION ALL SELECT %(s)s + %(n)s + k, born FROM gen_person WHERE friend""",
    ),
    (
        "customers",
        f"""INSERT INTO records_customers_customer (id, anchor_subject_id, root_id, name, avatar, gender, phone_masked, created_at)
            SELECT %(c)s + k, %(s)s + k, %(c)s + k, {_NAME}, '', '', '139****' || lpad((k %% 10000)::text, 4, '0'), born
            FROM gen_person ORDER BY k""",
    ),
    (
        "subject map",
        """INSERT INTO records_customers_subjectmap (subject_id, home_id, customer_id, valid_from)
           SELECT %(s)s + k, %(c)s + k, %(c)s + k, born FROM gen_person
           UNION ALL SELECT %(s)s + %(n)s + k, %(c)s + k, %(c)s + k, born FROM gen_person WHERE friend""",
    ),
    (
        "friends",
        f"""WITH told AS (
              INSERT INTO records_customers_contactevent (subject_id, employee_id, connection, occurred_at, kind, ended_by, state, add_way)
              SELECT %(s)s + %(n)s + k, employee_id, '{COMPANY}', born, 'added', '', 'code' || employee_id %% 50, '1'
              FROM gen_person WHERE friend RETURNING subject_id, employee_id, occurred_at, state)
            INSERT INTO records_customers_contact (subject_id, employee_id, connection, since, told_since, ended_by, state, add_way)
            SELECT subject_id, employee_id, '{COMPANY}', occurred_at, occurred_at, '', state, '1' FROM told""",
    ),
    (
        "stewards",
        """INSERT INTO records_customers_assignment (customer_id, employee_id, unit_id, since, reason, by)
           SELECT %(c)s + k, employee_id, unit_id, born, '首次添加', '' FROM gen_person WHERE assigned""",
    ),
    (
        "tags",
        f"""WITH named AS (
              INSERT INTO records_customers_tag (name, created_at)
              SELECT name, %(from)s FROM unnest(string_to_array('{",".join(TAGS)}', ',')) AS name
              ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id, name),
            ranked AS (SELECT id, name, row_number() OVER (ORDER BY id) AS place FROM named),
            borne AS (
              INSERT INTO records_customers_customertag (customer_id, tag_id, since, source)
              SELECT %(c)s + k, r.id, born, '{SOURCE}' FROM ranked r, gen_person p
              WHERE {chance("k * 16 + r.place", 9)} < 0.25 / r.place RETURNING id, customer_id, tag_id, since)
            INSERT INTO gen_tag SELECT b.id, b.customer_id - %(c)s, b.since, r.name FROM borne b JOIN ranked r ON r.id = b.tag_id""",
    ),
    ("tags by time", "CREATE INDEX ON gen_tag (since)"),
)


def _identities(plan: Plan, subject: int, say: Callable[[str], None]) -> None:
    """A phone for everybody and an external_userid for friends, hashed and sealed as always."""
    friends = [row[0] for row in foundation.fetch("SELECT k FROM gen_person WHERE friend ORDER BY k")]
    _copy("phone", "", range(plan.customers), subject, "139{:08d}")
    say("identities: phone")
    _copy("external_userid", COMPANY, friends, subject + plan.customers, "wmgen{:09d}")
    say("identities: external_userid")


def _copy(kind: str, realm: str, people: Sequence[int], first: int, pattern: str) -> None:
    columns = "kind, realm, value_hash, value_sealed, subject_id, first_seen_at, source"
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY records_customers_identity ({columns}) FROM STDIN") as copy,
    ):
        for start in range(0, len(people), CHUNK):
            part = people[start : start + CHUNK]
            refs = [customers.IdentityRef(kind, pattern.format(k), realm) for k in part]
            for k, (_kind, _realm, hashed, sealed) in zip(
                part, customers.prepared_identities(refs), strict=True
            ):
                copy.write(
                    f"{kind}\t{realm}\t\\\\x{hashed.hex()}\t\\\\x{sealed.hex()}\t{first + k}"
                    f"\t2024-01-01 00:00:00+00\t{SOURCE}\n"
                )
