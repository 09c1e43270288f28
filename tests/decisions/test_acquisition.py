"""Live codes and attribution: a real twin behind the port, facts in any order."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from siyu.connectors.wecom import connections, directory, receivers
from siyu.connectors.wecom.contact_ways import ContactWays
from siyu.connectors.wecom.models import Connection
from siyu.decisions.acquisition import api as acquisition
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput, Conflict, NotFound
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from tests.connectors.wecom_kit import Twin, connect, now, register_callback, settle, wait_for

pytestmark = pytest.mark.django_db(transaction=True)

BY = foundation.SYSTEM
CodeStatus = acquisition.CodeStatus


@pytest.fixture(scope="session")
def twin_process() -> Iterator[Twin]:
    twin = Twin()
    yield twin
    twin.stop()


@pytest.fixture
def twin(twin_process: Twin) -> Iterator[Twin]:
    twin_process.post("/twin/faults", reset=True)
    yield twin_process
    twin_process.post("/twin/faults", reset=True)
    twin_process.post("/twin/callback", app="siyu", url="")


@pytest.fixture
def company(twin: Twin) -> Connection:
    receivers.forget()
    facts.install_cursors()
    connection = connections.by_id(connect(twin).id)
    directory.sync(connection, at=now())
    return connection


def clerk_ids(twin: Twin, count: int = 1) -> list[int]:
    userids = twin.clerks()[20 : 20 + count]
    found = staff.employees_by_userid(userids, at=now())
    return [found[userid].id for userid in userids]


def make(twin: Twin, count: int = 1, **more: Any) -> acquisition.LiveCodeView:
    with foundation.transaction():
        return acquisition.create_code("门店海报", clerk_ids(twin, count), at=now(), by=BY, **more)


def edit(code: acquisition.LiveCodeView, employee_ids: list[int]) -> None:
    with foundation.transaction():
        acquisition.update_code(code.id, name=code.name, employee_ids=employee_ids, tags=[], at=now(), by=BY)


def seen(code_id: int) -> acquisition.LiveCodeView:
    return acquisition.get_code(code_id, scope=staff.EVERYTHING)


def way(company: Connection, code: acquisition.LiveCodeView) -> dict[str, Any]:
    config_id = code.qr_code.rpartition("/")[2]
    client = connections.client_for(company, connections.Purpose.CONTACT)
    answer: dict[str, Any] = client.read("externalcontact/get_contact_way", {"config_id": config_id})
    return dict(answer["contact_way"])


def ways_with(company: Connection, state: str) -> int:
    client = connections.client_for(company, connections.Purpose.CONTACT)
    ids = [
        item["config_id"]
        for page in client.pages("externalcontact/list_contact_way", {"limit": 1000})
        for item in page["contact_way"]
    ]
    states = [
        client.read("externalcontact/get_contact_way", {"config_id": key})["contact_way"]["state"]
        for key in ids
    ]
    return states.count(state)


def test_a_code_is_made_by_a_job_and_shows_its_picture(twin: Twin, company: Connection) -> None:
    code = make(twin, 3, tags=["海报", "海报", " 华东 "])
    assert (code.status, code.qr_code, code.tags) == (CodeStatus.MAKING, "", ("海报", "华东"))
    assert len(code.state) == 24
    settle()
    done = seen(code.id)
    assert done.status is CodeStatus.ACTIVE
    made = way(company, done)
    assert made["state"] == code.state
    assert sorted(made["user"]) == sorted(twin.clerks()[20:23])


def test_states_cannot_be_guessed(twin: Twin, company: Connection) -> None:
    states = {make(twin).state for _number in range(5)}
    assert len(states) == 5


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "好" * 61}),
        ("employee_ids", {"employee_ids": []}),
        ("employee_ids", {"employee_ids": [999_999]}),
        ("tags", {"tags": ["长" * 31]}),
    ],
)
def test_wrong_input_is_named_and_nothing_is_made(
    twin: Twin, company: Connection, field: str, change: dict[str, Any]
) -> None:
    values: dict[str, Any] = {"name": "海报", "employee_ids": clerk_ids(twin), **change}
    name, employee_ids = values.pop("name"), values.pop("employee_ids")
    with pytest.raises(BadInput) as caught, foundation.transaction():
        acquisition.create_code(name, employee_ids, at=now(), by=BY, **values)
    assert list(caught.value.fields) == [field]
    assert acquisition.codes(staff.EVERYTHING) == []


def test_a_change_sends_the_whole_configuration(twin: Twin, company: Connection) -> None:
    code = make(twin, 2)
    settle()
    with foundation.transaction():
        acquisition.update_code(
            code.id,
            name="新名字",
            employee_ids=clerk_ids(twin, 1),
            tags=["a"],
            at=now(),
            by=BY,
            skip_verify=False,
        )
    assert seen(code.id).status is CodeStatus.CHANGING
    settle()
    made = way(company, seen(code.id))
    assert (made["user"], made["skip_verify"], made["state"]) == (twin.clerks()[20:21], False, code.state)
    assert made["remark"] == "新名字"
    assert seen(code.id).qr_code == seen(code.id).qr_code != ""


def test_a_deleted_code_gives_its_place_back(twin: Twin, company: Connection) -> None:
    code = make(twin)
    settle()
    with foundation.transaction():
        acquisition.delete_code(code.id, at=now(), by=BY)
    settle()
    assert seen(code.id).status is CodeStatus.DELETED
    assert ways_with(company, code.state) == 0
    assert acquisition.codes(staff.EVERYTHING) == []
    with pytest.raises(Conflict), foundation.transaction():
        acquisition.update_code(code.id, name="x", employee_ids=clerk_ids(twin), tags=[], at=now(), by=BY)


def test_a_full_company_is_told_and_can_be_tried_again(twin: Twin, company: Connection) -> None:
    with twin.settings(contact_way_limit=0):
        code = make(twin)
        settle()
        failed = seen(code.id)
        assert failed.status is CodeStatus.FAILED
        assert "50 万" in failed.error
    with foundation.transaction():
        acquisition.retry_code(code.id, at=now(), by=BY)
    settle()
    assert seen(code.id).status is CodeStatus.ACTIVE


def test_without_a_company_the_code_says_so(twin: Twin, company: Connection) -> None:
    code = make(twin)
    Connection.objects.update(status="off")
    settle()
    failed = seen(code.id)
    assert failed.status is CodeStatus.FAILED
    assert "连接" in failed.error


def test_a_creation_whose_answer_was_lost_spends_one_place(twin: Twin, company: Connection) -> None:
    connections.client_for(company, connections.Purpose.CONTACT).get("externalcontact/get_follow_user_list")
    code = make(twin)
    with twin.faults(cut_after_effect=1.0):
        settle(rounds=1)
    lost = seen(code.id)
    assert (lost.status, lost.qr_code) == (CodeStatus.MAKING, "")
    assert lost.error
    foundation.execute("UPDATE foundation_work_job SET run_after = NULL")
    settle()
    assert seen(code.id).status is CodeStatus.ACTIVE
    assert ways_with(company, code.state) == 1


def test_a_code_edited_after_its_answer_was_lost_leads_to_whom_it_shall(
    twin: Twin, company: Connection
) -> None:
    connections.client_for(company, connections.Purpose.CONTACT).get("externalcontact/get_follow_user_list")
    code = make(twin, 2)
    with twin.faults(cut_after_effect=1.0):
        settle(rounds=1)
    edit(code, clerk_ids(twin, 1))
    settle()
    assert seen(code.id).status is CodeStatus.ACTIVE
    assert way(company, seen(code.id))["user"] == twin.clerks()[20:21]
    assert ways_with(company, code.state) == 1


class Slow(ContactWays):
    """Before the first call is made, somebody edits the code, and the job for that is quicker."""

    def __init__(self, overtake: Callable[[], None]) -> None:
        self.overtake: Callable[[], None] | None = overtake

    def _passed(self) -> None:
        overtake, self.overtake = self.overtake, None
        if overtake is not None:
            overtake()

    def create(self, spec: acquisition.CodeSpec) -> acquisition.CodeMade:
        self._passed()
        return super().create(spec)

    def update(self, config_id: str, spec: acquisition.CodeSpec) -> None:
        self._passed()
        super().update(config_id, spec)


@pytest.fixture
def slow() -> Iterator[Callable[[Callable[[], None]], None]]:
    items = acquisition.CODE_PORT._items
    before = items["wecom"]

    def put(overtake: Callable[[], None]) -> None:
        items["wecom"] = Slow(overtake)

    yield put
    items["wecom"] = before


def test_a_slow_change_does_not_undo_a_later_one(
    twin: Twin, company: Connection, slow: Callable[[Callable[[], None]], None]
) -> None:
    code = make(twin, 1)
    settle()

    def overtake() -> None:
        edit(code, clerk_ids(twin, 2))
        settle()

    slow(overtake)
    edit(code, clerk_ids(twin, 3))
    settle()
    assert seen(code.id).status is CodeStatus.ACTIVE
    assert len(seen(code.id).employee_ids) == 2
    assert sorted(way(company, seen(code.id))["user"]) == sorted(twin.clerks()[20:22])


def test_a_code_deleted_while_it_was_being_made_is_gone(
    twin: Twin, company: Connection, slow: Callable[[Callable[[], None]], None]
) -> None:
    code = make(twin)

    def overtake() -> None:
        with foundation.transaction():
            acquisition.delete_code(code.id, at=now(), by=BY)
        settle()

    slow(overtake)
    settle()
    assert seen(code.id).status is CodeStatus.DELETED
    assert ways_with(company, code.state) == 0


def test_out_of_scope_is_not_found(twin: Twin, company: Connection) -> None:
    code = make(twin)
    mine = staff.Scope(employee_ids=frozenset(clerk_ids(twin)))
    other = staff.Scope(employee_ids=frozenset({clerk_ids(twin, 2)[1]}))
    assert acquisition.get_code(code.id, scope=mine).id == code.id
    with pytest.raises(NotFound):
        acquisition.get_code(code.id, scope=other)
    assert acquisition.codes(other) == []
    assert [item.code_id for item in acquisition.code_stats(other)] == []


# -- attribution ------------------------------------------------------------------------------------


def test_a_scan_is_attributed_tagged_and_assigned(
    twin: Twin, company: Connection, live_server: LiveServer
) -> None:
    register_callback(twin, live_server.url, connections.connections()[0])
    code = make(twin, tags=["海报"])
    settle()
    person = twin.post("/twin/scan", qr=seen(code.id).qr_code)
    wait_for(lambda: facts.inbox_counts("wecom:").received)
    settle()
    ref = customers.IdentityRef(
        customers.IdentityKind.EXTERNAL_USERID, person["external_userid"], company.corpid
    )
    number = customers.find_customer(ref, scope=staff.EVERYTHING)
    assert number is not None
    assert customers.tags_of([number])[number] == ["海报"]
    (clerk,) = clerk_ids(twin)
    assert customers.stewards_of([number])[number].employee_id == clerk
    (fact,) = facts.read(names=["channel.attributed"], limit=10)
    assert (fact.payload.code_id, fact.payload.code_name) == (code.id, "门店海报")
    assert acquisition.code_stats(staff.EVERYTHING, code_ids=[code.id]) == [
        acquisition.CodeStats(code.id, "门店海报", 1, 1, 1, 0)
    ]


def story(at: datetime, clerks: Sequence[int], people: Sequence[int], states: Sequence[str]) -> list[Any]:
    """Who became whose friend through what, and who left again."""

    def spec(person: int, clerk: int, hour: int, state: str) -> customers.ContactSpec:
        return customers.ContactSpec(
            people[person], clerks[clerk], "wecom", at + timedelta(hours=hour), state
        )

    def end(person: int, clerk: int, hour: int) -> customers.ContactEndSpec:
        moment = at + timedelta(hours=hour)
        return customers.ContactEndSpec(
            people[person], clerks[clerk], "wecom", moment, customers.EndedBy.CUSTOMER
        )

    return [
        spec(0, 0, 0, states[0]),
        spec(1, 0, 1, states[0]),
        end(1, 0, 2),
        spec(2, 1, 3, states[1]),
        spec(0, 1, 4, states[1]),  # a second friendship of the first person
        spec(3, 0, 5, "nobody-knows-this"),
        spec(4, 0, 6, ""),
        end(4, 0, 7),
    ]


@pytest.mark.parametrize("seed", range(6))
def test_figures_do_not_depend_on_order_or_repetition(twin: Twin, company: Connection, seed: int) -> None:
    first, second = make(twin, tags=["甲"]), make(twin, tags=["乙"])
    clerks = clerk_ids(twin, 2)
    at = now().replace(microsecond=0)
    with foundation.transaction():
        refs = [
            customers.IdentityRef(customers.IdentityKind.EXTERNAL_USERID, f"wm{number}", "c")
            for number in range(5)
        ]
        people = [who.subject_id for who in customers.identify(refs, at=at, source="test")]
    source = random.Random(seed)
    told = story(at, clerks, people, [first.state, second.state]) * source.choice([1, 2])
    source.shuffle(told)
    for item in told:
        with foundation.transaction():
            if isinstance(item, customers.ContactSpec):
                customers.add_contact([item], at=at, source="test")
            else:
                customers.end_contact([item], at=at, source="test")
        if source.random() < 0.5:
            facts.drain(at=at)
    facts.drain(at=at)
    stats = {item.label + str(item.code_id or ""): item for item in acquisition.code_stats(staff.EVERYTHING)}
    figures = {key: (item.added, item.newcomers, item.kept, item.lost) for key, item in stats.items()}
    assert figures == {
        f"门店海报{first.id}": (2, 2, 1, 1),
        f"门店海报{second.id}": (2, 1, 2, 0),
        "未知来源": (1, 1, 1, 0),
        "其他方式": (1, 1, 0, 1),
    }
    owners = customers.customers_of(people)
    assert {tag for tags in customers.tags_of(owners.values()).values() for tag in tags} == {"甲", "乙"}
    assert len(facts.read(names=["channel.attributed"], limit=50)) == 4


def test_backfilled_friends_are_counted_and_kept_by_their_steward(twin: Twin, company: Connection) -> None:
    clerks = clerk_ids(twin, 2)
    at = now()
    ref = customers.IdentityRef(customers.IdentityKind.EXTERNAL_USERID, "wmold", "c")
    with foundation.transaction():
        (who,) = customers.identify([ref], at=at, source="test")
        assert who.customer_id is not None
        customers.assign([who.customer_id], clerks[1], at=at, reason="test")
        spec = customers.ContactSpec(who.subject_id, clerks[0], "wecom", at - timedelta(days=300))
        customers.add_contact([spec], at=at, source="test", origin=facts.Origin.BACKFILL)
    facts.drain(at=at)
    assert customers.stewards_of([who.customer_id])[who.customer_id].employee_id == clerks[1]
    (other,) = [item for item in acquisition.code_stats(staff.EVERYTHING) if item.code_id is None]
    assert (other.label, other.added) == ("其他方式", 1)
