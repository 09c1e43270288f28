"""Everything the simulated world remembers, as plain dataclasses that can be written to a file.

Times are whole seconds of the twin's clock, money is 分.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class App:
    """An application of the company with its secret and its callback receiver."""

    key: str
    name: str
    agentid: int
    secret: str
    token: str
    aes_key: str
    permissions: list[str]
    visible: list[int]
    callback_url: str = ""


@dataclass
class Department:
    """A node of the organisation tree."""

    id: int
    name: str
    parentid: int
    order: int


@dataclass
class Store:
    """A shop; its code is what orders carry."""

    code: str
    name: str
    city: str
    region: str
    department_id: int


@dataclass
class Member:
    """An employee. status: 1 active, 5 left. temperament drives how tasks are confirmed."""

    userid: str
    name: str
    department: int
    position: str
    role: str
    gender: int
    status: int = 1
    temperament: str = "usual"
    left_at: int = 0


@dataclass
class Goods:
    """A product for sale; price in 分."""

    sku: str
    name: str
    category: str
    price: int


@dataclass
class Person:
    """Somebody with WeChat. kind: existing (a customer before the start), stranger or played.

    `first_clerk` is the clerk an existing customer already knew at the start.
    """

    id: str
    name: str
    gender: int
    phone: str
    unionid: str
    external_userid: str
    kind: str
    city: str
    created_at: int
    first_clerk: str = ""


@dataclass
class Follow:
    """One member's relation to one customer.

    A customer who deletes the member (`deleted_by_customer`) stays in the member's list; a member
    who deletes the customer ends the relation (`deleted_by_member`).
    """

    userid: str
    external_userid: str
    createtime: int
    state: str = ""
    config_id: str = ""
    add_way: int = 1
    oper_userid: str = ""
    remark: str = ""
    description: str = ""
    remark_corp_name: str = ""
    remark_mobiles: list[str] = field(default_factory=list)
    tag_ids: list[str] = field(default_factory=list)
    own_tags: list[str] = field(default_factory=list)
    half: bool = False
    half_welcomed: bool = False
    deleted_by_customer: bool = False
    deleted_by_member: bool = False
    last_chat_at: int = 0

    @property
    def listed(self) -> bool:
        """Whether the member's customer list shows the person."""
        return not self.deleted_by_member and not self.half

    @property
    def friends(self) -> bool:
        """Whether a message from the member reaches the person."""
        return self.listed and not self.deleted_by_customer


@dataclass
class ContactWay:
    """A 「联系我」 code."""

    config_id: str
    app: str
    created_at: int
    type: int
    scene: int
    style: int = 1
    remark: str = ""
    skip_verify: bool = True
    state: str = ""
    user: list[str] = field(default_factory=list)
    party: list[int] = field(default_factory=list)
    is_temp: bool = False
    expires_at: int = 0
    is_exclusive: bool = False
    mark_source: bool = True
    conclusions: Json = field(default_factory=dict)
    deleted: bool = False


@dataclass
class Tag:
    """A corp tag."""

    id: str
    group_id: str
    name: str
    order: int
    create_time: int
    deleted: bool = False


@dataclass
class TagGroup:
    """A group of corp tags; `app` is the maker's key, empty for the admin console."""

    id: str
    name: str
    order: int
    create_time: int
    app: str = ""
    deleted: bool = False


@dataclass
class WelcomeCode:
    """A right to send one welcome message."""

    code: str
    userid: str
    external_userid: str
    expires_at: float
    used_at: float = 0.0
    chatted: bool = False


@dataclass
class Message:
    """Something a person's or a member's phone shows."""

    id: int
    at: int
    kind: str
    userid: str
    external_userid: str
    text: str
    attachments: list[Json] = field(default_factory=list)
    source: str = ""


@dataclass
class SendRow:
    """One customer in one member's mass task. status as get_groupmsg_send_result."""

    external_userid: str
    status: int = 0
    send_time: int = 0


@dataclass
class MassTask:
    """One member's share of a mass message. status 0 unsent, 2 sent."""

    userid: str
    rows: list[SendRow]
    status: int = 0
    send_time: int = 0
    forgotten: bool = False


@dataclass
class MassMessage:
    """An enterprise mass message."""

    msgid: str
    app: str
    creator: str
    create_time: int
    dispatch_at: float
    chat_type: str
    text: str
    attachments: list[Json]
    allow_select: bool
    fail_list: list[str]
    tasks: list[MassTask]
    cancelled_at: int = 0
    reminders: list[int] = field(default_factory=list)


@dataclass
class Media:
    """An uploaded file; `url` for permanent images, otherwise it expires after three days."""

    id: str
    type: str
    filename: str
    size: int
    created_at: int
    url: str = ""


@dataclass
class Callback:
    """One event for one application. status: pending, accepted, failed, lost."""

    id: int
    app: str
    event: str
    change_type: str
    at: int
    plaintext: str
    status: str = "pending"
    deliveries: int = 1
    attempts: int = 0


@dataclass
class OrderLine:
    """A line of an order; amount is the line's total in 分."""

    line_no: int
    sku: str
    name: str
    quantity: int
    amount: int
    refunded_quantity: int = 0
    refunded_amount: int = 0


@dataclass
class Order:
    """A paid order of the simulated shop."""

    order_no: str
    source: str
    person_id: str
    store_code: str
    clerk_userid: str
    paid_at: int
    lines: list[OrderLine]
    identity: Json | None

    @property
    def amount(self) -> int:
        """Total paid, in 分."""
        return sum(line.amount for line in self.lines)


@dataclass
class Refund:
    """A refund of lines of one order."""

    refund_no: str
    order_no: str
    refunded_at: int
    lines: list[Json]

    @property
    def amount(self) -> int:
        """Total given back, in 分."""
        return sum(int(line["amount"]) for line in self.lines)


@dataclass
class ShopEvent:
    """A fact the shop reports. status: pending, accepted, duplicate, rejected."""

    id: str
    body: Json
    status: str = "pending"
    attempts: int = 0
    answer: str = ""
    early: int = 0  # how often it was refused because its time had not come where siyu is


@dataclass
class Action:
    """Something the population will do at `due`."""

    due: int
    seq: int
    kind: str
    args: Json


@dataclass
class Population:
    """The population's switch and its future."""

    running: bool = False
    rate: float = 1.0
    next_slot: int = 0
    actions: list[Action] = field(default_factory=list)


@dataclass
class Shop:
    """Where the shop reports its orders."""

    url: str = ""
    api_key: str = ""


@dataclass
class Faults:
    """Probabilities of trouble, 0..1; times in milliseconds. All zero: a perfect day."""

    duplicate: float = 0.0
    reorder: float = 0.0
    lose: float = 0.0
    delay_ms: int = 0
    slow_ms: int = 0
    http_5xx: float = 0.0
    timeout: float = 0.0
    timeout_ms: int = 10_000
    cut_after_effect: float = 0.0
    busy: float = 0.0
    freq_limit: float = 0.0
    token_invalidated: float = 0.0
    spells: float = 0.0
    follow: float = 0.0


@dataclass
class Settings:
    """Behaviour that the documents leave open, or that an admin console decides."""

    developer_bound: bool = True
    token_mode: str = "same"
    token_seconds: int = 7200
    in_flight_cap: int = 10
    per_minute: int = 10_000
    per_hour: int = 150_000
    wrong_secret_per_hour: int = 2_000
    strict_escapes: bool = False
    retry_non_200: bool = True
    retry_ms: int = 500
    callback_ms: int = 5_000
    dispatch_seconds: float = 2.0
    welcome_seconds: float = 20.0
    welcome_distributing_seconds: float = 0.0
    mass_rule: str = "month"
    contact_way_limit: int = 500_000
    admin_welcome: list[str] = field(default_factory=list)
    trusted_ips: list[str] = field(default_factory=list)
    without_list: list[str] = field(default_factory=list)


@dataclass
class Token:
    """An issued access token."""

    app: str
    expires_at: float


@dataclass
class State:
    """The whole simulated world."""

    seed: int
    anchor: int
    corpid: str
    company: str
    apps: dict[str, App]
    departments: dict[str, Department]
    stores: dict[str, Store]
    members: dict[str, Member]
    goods: dict[str, Goods]
    offset: float = 0.0
    people: dict[str, Person] = field(default_factory=dict)
    follows: dict[str, Follow] = field(default_factory=dict)
    contact_ways: dict[str, ContactWay] = field(default_factory=dict)
    tag_groups: dict[str, TagGroup] = field(default_factory=dict)
    tags: dict[str, Tag] = field(default_factory=dict)
    welcome_codes: dict[str, WelcomeCode] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    mass: dict[str, MassMessage] = field(default_factory=dict)
    mass_sent: dict[str, list[int]] = field(default_factory=dict)
    media: dict[str, Media] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    callbacks: list[Callback] = field(default_factory=list)
    orders: dict[str, Order] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    shop_events: list[ShopEvent] = field(default_factory=list)
    shop: Shop = field(default_factory=Shop)
    population: Population = field(default_factory=Population)
    faults: Faults = field(default_factory=Faults)
    settings: Settings = field(default_factory=Settings)
    ledger: dict[str, list[Json]] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
