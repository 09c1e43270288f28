"""From callbacks and pulls to records: a real twin, a live server, the embedded PostgreSQL."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from siyu.connectors.wecom import connections, details, directory, receivers, reconcile
from siyu.connectors.wecom.contracts import ConnectionStatus
from siyu.connectors.wecom.models import Connection, Relation, WelcomeCode
from siyu.connectors.wecom.relations import News, What, apply_news
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import Permanent, RetryLater
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from tests.connectors.wecom_kit import (
    Twin,
    connect,
    event_xml,
    now,
    register_callback,
    settle,
    wait_for,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def company(twin: Twin, live_server: LiveServer) -> Iterator[Connection]:
    """A connected company whose directory has been read and whose callbacks arrive."""
    receivers.forget()
    facts.install_cursors()
    view = connect(twin)
    register_callback(twin, live_server.url, view)
    connection = connections.by_id(view.id)
    directory.sync(connection, at=now())
    yield connection


def make_code(twin: Twin, connection: Connection, userid: str, **more: Any) -> str:
    """A contact way made at the twin; returns its config_id."""
    client = connections.client_for(connection, connections.Purpose.CONTACT)
    body = {"type": 2, "scene": 2, "user": [userid], **more}
    return str(client.write("externalcontact/add_contact_way", body)["config_id"])


def scan(twin: Twin, config_id: str, **more: Any) -> dict[str, Any]:
    """Somebody scans; waits until the callback has arrived."""
    before = facts.inbox_counts("wecom:").received
    answer: dict[str, Any] = twin.post("/twin/scan", config_id=config_id, **more)
    wait_for(lambda: facts.inbox_counts("wecom:").received > before)
    return answer


def customer_of(connection: Connection, external: str) -> int | None:
    ref = customers.IdentityRef(customers.IdentityKind.EXTERNAL_USERID, external, connection.corpid)
    return customers.find_customer(ref, scope=staff.EVERYTHING)


def contacts(connection: Connection, external: str) -> list[tuple[str, bool]]:
    """(userid, open) of each period of friendship, oldest first."""
    number = customer_of(connection, external)
    assert number is not None
    rows = customers.contacts_of([number], open_only=False).get(number, [])
    names = staff.employees_by_id({row.employee_id for row in rows}, at=now())
    return [(names[row.employee_id].userid, row.until is None) for row in sorted(rows, key=lambda r: r.since)]


def told(name: str) -> list[facts.Fact]:
    return facts.read(names=[name], limit=5000)


# -- directory --------------------------------------------------------------------------------------


def test_the_directory_becomes_the_organisation(twin: Twin, company: Connection) -> None:
    units = staff.unit_tree(now())
    kinds = [unit.kind for unit in units]
    assert (kinds.count(staff.UnitKind.COMPANY), kinds.count(staff.UnitKind.REGION)) == (1, 3)
    stores = {unit.code: unit.path for unit in units if unit.kind is staff.UnitKind.STORE}
    assert set(stores) == {store["code"] for store in twin.config["stores"]}
    people = {person.userid: person for person in staff.employees(now())}
    wanted = {member["userid"]: member for member in twin.config["members"]}
    assert set(people) == set(wanted)
    for userid, member in wanted.items():
        manager = member["role"] != "clerk"
        assert people[userid].name == member["name"]
        assert (people[userid].role is staff.StaffRole.MANAGER) is manager
    assert len(told("employee.joined")) == len(wanted)
    directory.sync(company, at=now())
    assert len(told("employee.joined")) == len(wanted)


def test_a_hired_and_a_resigned_member(twin: Twin, company: Connection) -> None:
    twin.post("/twin/hire", userid="NewClerk", name="新导购", department=101)
    wait_for(lambda: facts.inbox_counts("wecom:").received)
    settle("wecom.directory")
    assert staff.employees_by_userid(["NewClerk"], at=now())["NewClerk"].active
    twin.post("/twin/resign", userid="NewClerk")
    wait_for(lambda: facts.inbox_counts("wecom:").received > 1)
    settle("wecom.directory")
    assert not staff.employees_by_userid(["NewClerk"], at=now())["NewClerk"].active


def test_a_failed_directory_pull_changes_nothing(twin: Twin, company: Connection) -> None:
    before = staff.employees(now())
    with twin.faults(freq_limit=1.0), pytest.raises(RetryLater):
        directory.sync(company, at=now())
    with twin.settings(trusted_ips=["10.9.9.9"]), pytest.raises(Permanent):
        directory.sync(company, at=now())
    assert staff.employees(now()) == before
    assert told("employee.left") == []


# -- callbacks --------------------------------------------------------------------------------------


def test_a_scan_becomes_a_customer_with_name_and_unionid(twin: Twin, company: Connection) -> None:
    clerk = twin.clerks()[0]
    code = make_code(twin, company, clerk, state="abc")
    person = scan(twin, code, name="王小美😀")
    settle()
    number = customer_of(company, person["external_userid"])
    assert number is not None
    view = customers.get_customer(number, scope=staff.EVERYTHING)
    assert view.name == "王小美😀"
    kinds = {identity.kind for identity in view.identities}
    assert kinds == {customers.IdentityKind.EXTERNAL_USERID, customers.IdentityKind.UNIONID}
    assert contacts(company, person["external_userid"]) == [(clerk, True)]
    (fact,) = [f for f in told("contact.added") if f.origin is facts.Origin.LIVE]
    assert (fact.payload.state, fact.payload.connection) == ("abc", "wecom")
    kept = WelcomeCode.objects.get(ref=fact.payload.welcome_ref)
    code_sent = twin.ledger("adds")[-1]["welcome_code"]
    assert foundation.unseal(kept.code, "wecom.welcome").decode() == code_sent
    assert code_sent.encode() not in bytes(kept.code)
    assert kept.expires_at - fact.occurred_at == timedelta(seconds=20)
    assert Relation.objects.get(external_userid=person["external_userid"]).add_way == 1


def test_duplicated_and_reordered_callbacks_have_one_effect(twin: Twin, company: Connection) -> None:
    clerk = twin.clerks()[1]
    code = make_code(twin, company, clerk)
    people = []
    with twin.faults(duplicate=1.0, reorder=0.5):
        for _number in range(6):
            people.append(scan(twin, code)["external_userid"])
        wait_for(lambda: twin.get("/twin/clock")["idle"])
    settle()
    live = [f for f in told("contact.added") if f.origin is facts.Origin.LIVE]
    assert len(live) == 6
    for external in people:
        assert contacts(company, external) == [(clerk, True)]


def test_losing_and_winning_back_a_customer(twin: Twin, company: Connection) -> None:
    clerk = twin.clerks()[2]
    code = make_code(twin, company, clerk)
    person = scan(twin, code)
    external = person["external_userid"]
    settle()
    twin.post("/twin/clock", advance_seconds=100)
    received = facts.inbox_counts("wecom:").received
    twin.post("/twin/block", userid=clerk, external_userid=external)
    wait_for(lambda: facts.inbox_counts("wecom:").received > received)
    settle()
    assert contacts(company, external) == [(clerk, False)]
    (ended,) = told("contact.ended")
    assert ended.payload.ended_by == "customer"
    twin.post("/twin/clock", advance_seconds=100)
    scan(twin, code, person=person["person"])
    settle()
    assert contacts(company, external) == [(clerk, False), (clerk, True)]


def test_a_lost_end_is_known_from_the_next_beginning(twin: Twin, company: Connection) -> None:
    clerk = twin.clerks()[2]
    code = make_code(twin, company, clerk)
    person = scan(twin, code)
    settle()
    twin.post("/twin/clock", advance_seconds=300)
    with twin.faults(lose=1.0):
        twin.post("/twin/block", userid=clerk, external_userid=person["external_userid"])
    twin.post("/twin/clock", advance_seconds=300)
    scan(twin, code, person=person["person"])
    settle()
    assert contacts(company, person["external_userid"]) == [(clerk, False), (clerk, True)]
    added = [f for f in told("contact.added") if f.origin is facts.Origin.LIVE]
    assert len(added) == 2
    assert all(f.payload.welcome_ref for f in added)


def test_a_member_who_deletes_a_customer_is_told_apart(twin: Twin, company: Connection) -> None:
    clerk = twin.clerks()[2]
    person = scan(twin, make_code(twin, company, clerk))
    twin.post("/twin/clock", advance_seconds=60)
    received = facts.inbox_counts("wecom:").received
    twin.post("/twin/delete", userid=clerk, external_userid=person["external_userid"])
    wait_for(lambda: facts.inbox_counts("wecom:").received > received)
    settle()
    (ended,) = told("contact.ended")
    assert ended.payload.ended_by == "employee"


def test_a_half_added_customer_is_a_friend_only_when_accepted(twin: Twin, company: Connection) -> None:
    clerk = twin.clerks()[3]
    code = make_code(twin, company, clerk, skip_verify=False, state="half")
    person = scan(twin, code)
    settle()
    external = person["external_userid"]
    assert person["outcome"] == "half"
    assert contacts(company, external) == []
    assert [f for f in told("contact.added") if f.origin is facts.Origin.LIVE] == []
    twin.post("/twin/clock", advance_seconds=30)
    received = facts.inbox_counts("wecom:").received
    twin.post("/twin/accept", userid=clerk, external_userid=external)
    wait_for(lambda: facts.inbox_counts("wecom:").received > received)
    settle()
    assert contacts(company, external) == [(clerk, True)]
    (fact,) = [f for f in told("contact.added") if f.origin is facts.Origin.LIVE]
    assert fact.payload.state == "half"
    assert fact.payload.welcome_ref


def test_a_tag_given_in_the_client_arrives(twin: Twin, company: Connection) -> None:
    clerk = twin.clerks()[4]
    person = scan(twin, make_code(twin, company, clerk))
    settle()
    received = facts.inbox_counts("wecom:").received
    twin.post("/twin/tag", userid=clerk, external_userid=person["external_userid"], add=["金卡"])
    wait_for(lambda: facts.inbox_counts("wecom:").received > received)
    settle()
    number = customer_of(company, person["external_userid"])
    assert number is not None
    assert customers.tags_of([number])[number] == ["金卡"]


def test_a_noted_phone_links_the_friend_to_the_buyer(twin: Twin, company: Connection) -> None:
    phone = customers.IdentityRef(customers.IdentityKind.PHONE, "13800004145")
    with foundation.transaction():
        (buyer,) = customers.identify([phone], at=now(), source="shop")
    clerk = twin.clerks()[5]
    person = scan(twin, make_code(twin, company, clerk))
    settle()
    assert customer_of(company, person["external_userid"]) != buyer.customer_id
    received = facts.inbox_counts("wecom:").received
    twin.post(
        "/twin/remark", userid=clerk, external_userid=person["external_userid"], remark="买过",
        remark_mobiles=["138 0000 4145"],
    )  # fmt: skip
    wait_for(lambda: facts.inbox_counts("wecom:").received > received)
    settle()
    assert customer_of(company, person["external_userid"]) == buyer.customer_id


def test_a_member_unknown_to_the_directory_is_looked_up(twin: Twin, company: Connection) -> None:
    twin.post("/twin/callback", app="siyu", url="")
    twin.post("/twin/hire", userid="Quiet", name="新来的", department=101)
    xml = event_xml(
        company.corpid, "add_external_contact", now(), "Quiet", twin.friend()["external_userid"],
        WelcomeCode="CODE",
    )  # fmt: skip
    facts.receive(f"wecom:{company.corpid}", "k1", xml, received_at=now())
    settle()
    (fact,) = [f for f in told("contact.added") if f.origin is facts.Origin.LIVE]
    member = staff.employees_by_userid(["Quiet"], at=now())["Quiet"]
    assert fact.payload.employee_id == member.id
    assert WelcomeCode.objects.filter(ref=fact.payload.welcome_ref).count() == 1
    twin.post("/twin/resign", userid="Quiet")


def test_a_message_of_another_company_is_set_aside(twin: Twin, company: Connection) -> None:
    good = event_xml(company.corpid, "add_external_contact", now(), twin.clerks()[0], "wmgood")
    bad = event_xml("ww0000000000000000", "add_external_contact", now(), twin.clerks()[0], "wmbad")
    for key, body in (("a", good), ("b", bad), ("c", b"<xml><CreateTime>x</CreateTime></xml>")):
        facts.receive(f"wecom:{company.corpid}", key, body, received_at=now())
    settle("none")
    assert facts.inbox_counts("wecom:").dead == 2
    assert Relation.objects.filter(external_userid="wmgood", open=True).count() == 1
    assert not Relation.objects.filter(external_userid="wmbad").exists()


def history(at: datetime) -> list[News]:
    """Two friendships of one pair, one of another, with an end each but the last."""
    pair, other = ("A", "wm1"), ("A", "wm2")
    moments = [at + timedelta(hours=number) for number in range(6)]
    return [
        News(What.ADD, *pair, moments[0], state="s1", welcome_code="c1"),
        News(What.END, *pair, moments[1]),
        News(What.ADD, *pair, moments[2], state="s2", welcome_code="c2"),
        News(What.HALF, *other, moments[0], state="s3"),
        News(What.ADD, *other, moments[3], welcome_code="c3"),
        News(What.END, *other, moments[4], ended_by=customers.EndedBy.EMPLOYEE),
        News(What.EDIT, *other, moments[5]),
    ]


@pytest.mark.parametrize("seed", range(12))
def test_any_order_and_any_repetition_ends_the_same(twin: Twin, seed: int) -> None:
    view = connect(twin)
    connection = connections.by_id(view.id)
    at = now().replace(microsecond=0)
    with foundation.transaction():
        staff.sync_directory(
            [staff.UnitSpec("1", "总部", staff.UnitKind.COMPANY)], [staff.EmployeeSpec("A", "甲", "1")],
            source=f"wecom:{connection.corpid}", at=at - timedelta(days=1),
        )  # fmt: skip
    source = random.Random(seed)
    news = history(at) * source.choice([1, 2, 3])
    source.shuffle(news)
    while news:
        part, news = news[: (size := source.randint(1, 4))], news[size:]
        with foundation.transaction():
            apply_news(connection, part, at=at + timedelta(hours=9), source=f"wecom:{connection.corpid}")
    rows = {row.external_userid: row for row in Relation.objects.all()}
    assert {key: row.open for key, row in rows.items()} == {"wm1": True, "wm2": False}
    assert rows["wm1"].state == "s2"
    assert contacts(connection, "wm1") == [("A", False), ("A", True)]
    assert contacts(connection, "wm2") == [("A", False)]
    began = sorted((f.occurred_at, bool(f.payload.welcome_ref)) for f in told("contact.added"))
    assert began == sorted((item.at, True) for item in history(at) if item.what is What.ADD)
    # An end that was late is first told as having come just before the next beginning.
    assert 2 <= len(told("contact.ended")) <= 3
    assert WelcomeCode.objects.count() == 3


# -- reconciliation ---------------------------------------------------------------------------------


def friends_at(twin: Twin) -> dict[tuple[str, str], dict[str, Any]]:
    """What a complete pull lists: every relation that the member has not deleted."""
    found = {}
    for person in people(twin):
        for row in twin.get(f"/twin/person/{person['id']}")["follows"]:
            if not row["deleted_by_member"] and not row["half"]:
                found[row["userid"], person["external_userid"]] = {**person, **row}
    return found


def people(twin: Twin) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while page := twin.get("/twin/people", limit=500, offset=len(found))["people"]:
        found += page
    return found


def open_pairs() -> set[tuple[str, str]]:
    return {(row.userid, row.external_userid) for row in Relation.objects.filter(open=True)}


def test_the_first_pull_finds_all_and_greets_nobody(twin: Twin, company: Connection) -> None:
    wanted, at = friends_at(twin), now()
    done = reconcile.reconcile(company, at=at)
    starts = {pair: datetime.fromisoformat(row["createtime"]) for pair, row in wanted.items()}
    old = {pair for pair, since in starts.items() if since < company.connected_at - timedelta(minutes=2)}
    assert len(old) > 500
    assert open_pairs() >= old
    assert done.friends == len(wanted)
    facts_told = told("contact.added")
    assert sum(f.origin is facts.Origin.BACKFILL for f in facts_told) == len(facts_told) >= len(old)
    assert {f.payload.welcome_ref for f in facts_told} == {None}
    tagged = next(row for row in wanted.values() if row["tag_ids"] and row["kind"] == "existing")
    number = customer_of(company, tagged["external_userid"])
    assert number is not None
    assert customers.tags_of([number])[number]
    assert customers.get_customer(number, scope=staff.EVERYTHING).name == tagged["name"]
    again = reconcile.reconcile(company, at=at)
    assert (again.found, again.ended, again.skipped) == (0, 0, 0)
    assert len(told("contact.added")) == len(facts_told)


def test_an_answer_without_a_list_ends_no_friendship(twin: Twin, company: Connection) -> None:
    reconcile.reconcile(company, at=now() + timedelta(hours=3))
    clerk = twin.clerks()[6]
    code = make_code(twin, company, clerk, state="silent")
    gone = scan(twin, code)["external_userid"]
    settle()
    with twin.faults(lose=1.0):
        twin.post("/twin/delete", userid=clerk, external_userid=gone)
    later = now() + timedelta(hours=6)
    with twin.settings(without_list=["externalcontact/list"]):
        assert reconcile.reconcile(company, at=later).ended == 0
    assert (clerk, gone) in open_pairs()
    assert contacts(company, gone) == [(clerk, True)]
    assert reconcile.reconcile(company, at=later).ended == 1
    assert (clerk, gone) not in open_pairs()


def test_lost_callbacks_are_healed(twin: Twin, company: Connection) -> None:
    reconcile.reconcile(company, at=now() + timedelta(hours=3))
    clerk = twin.clerks()[6]
    code = make_code(twin, company, clerk, state="lost")
    gone = scan(twin, code)["external_userid"]
    settle()
    with twin.faults(lose=1.0):
        new = twin.post("/twin/scan", config_id=code)["external_userid"]
        twin.post("/twin/delete", userid=clerk, external_userid=gone)
    assert reconcile.reconcile(company, at=now()).found == 0  # its callback may still be on the way
    later = now() + timedelta(hours=6)
    done = reconcile.reconcile(company, at=later)
    assert (done.found, done.ended) == (1, 1)
    (fact,) = [
        f for f in told("contact.added") if f.payload.state == "lost" and f.payload.welcome_ref is None
    ]
    assert fact.origin is facts.Origin.LIVE
    assert contacts(company, new) == [(clerk, True)]
    assert contacts(company, gone) == [(clerk, False)]


def test_a_late_callback_after_the_pull_changes_nothing(twin: Twin, company: Connection) -> None:
    reconcile.reconcile(company, at=now())
    clerk = twin.clerks()[7]
    code = make_code(twin, company, clerk)
    with twin.faults(lose=1.0):
        new = twin.post("/twin/scan", config_id=code)["external_userid"]
    row = next(item for item in reversed(twin.ledger("callbacks")) if new in item["plaintext"])
    reconcile.reconcile(company, at=now() + timedelta(minutes=30))
    before = len(told("contact.added"))
    facts.receive(f"wecom:{company.corpid}", "late", row["plaintext"].encode(), received_at=now())
    settle()
    assert len(told("contact.added")) == before
    assert contacts(company, new) == [(clerk, True)]


@pytest.mark.parametrize("fault", ["freq_limit", "http_5xx", "cut_after_effect"])
def test_a_failed_pull_never_looks_like_no_customers(twin: Twin, company: Connection, fault: str) -> None:
    reconcile.reconcile(company, at=now())
    before = open_pairs()
    later = now() + timedelta(hours=1)
    with twin.faults(**{fault: 1.0}), pytest.raises(RetryLater):
        reconcile.reconcile(company, at=later)
    with twin.settings(trusted_ips=["10.9.9.9"]), pytest.raises(Permanent):
        reconcile.reconcile(company, at=later)
    assert open_pairs() == before
    assert told("contact.ended") == []


def test_an_erased_person_is_not_brought_back(twin: Twin, company: Connection) -> None:
    clerk = twin.clerks()[8]
    code = make_code(twin, company, clerk)
    person = scan(twin, code, name="要被遗忘的人")
    external = person["external_userid"]
    settle()
    number = customer_of(company, external)
    assert number is not None
    with foundation.transaction():
        customers.erase_customer(number, scope=staff.EVERYTHING, at=now(), by=foundation.SYSTEM)
    received = facts.inbox_counts("wecom:").received
    twin.post("/twin/remark", userid=clerk, external_userid=external, remark="记得她")
    wait_for(lambda: facts.inbox_counts("wecom:").received > received)
    settle()
    reconcile.reconcile(company, at=now() + timedelta(hours=3))
    assert customer_of(company, external) is None
    twin.post("/twin/clock", advance_seconds=200)
    received = facts.inbox_counts("wecom:").received
    twin.post("/twin/delete", userid=clerk, external_userid=external)
    wait_for(lambda: facts.inbox_counts("wecom:").received > received)
    settle()
    assert customer_of(company, external) is None
    assert facts.inbox_counts("wecom:").dead == 0
    twin.post("/twin/clock", advance_seconds=200)
    scan(twin, code, person=person["person"])
    settle()
    assert contacts(company, external) == [(clerk, True)]


def test_what_was_told_before_an_erasure_brings_nobody_back(
    twin: Twin, company: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk = twin.clerks()[9]
    code = make_code(twin, company, clerk)
    external = scan(twin, code, name="要被遗忘的人")["external_userid"]
    facts.drain_inbox(at=now())
    number = customer_of(company, external)
    assert number is not None
    since = Relation.objects.get(external_userid=external).changed_at
    answer = details.fetch

    def erased_meanwhile(*asked: Any) -> details.Details:
        found = answer(*asked)
        with foundation.transaction():
            customers.erase_customer(number, scope=staff.EVERYTHING, at=now(), by=foundation.SYSTEM)
        return found

    monkeypatch.setattr(details, "fetch", erased_meanwhile)
    monkeypatch.setattr(details, "SIDE_BY_SIDE", 1)
    assert details.run(now()) == 1
    assert customer_of(company, external) is None
    with foundation.transaction():  # a late copy of the old adding
        apply_news(company, [News(What.ADD, clerk, external, since)], at=now(), source="test")
    assert customer_of(company, external) is None
    assert details.pending(now()) == 0
    with foundation.transaction():
        apply_news(
            company, [News(What.ADD, clerk, external, now() + timedelta(hours=1))], at=now(), source="test"
        )
    assert contacts(company, external) == [(clerk, True)]


def test_a_narrowed_range_does_not_end_friendships(twin: Twin, company: Connection) -> None:
    reconcile.reconcile(company, at=now())
    before = open_pairs()
    userid = max({userid for userid, _ in before}, key=lambda one: sum(one == other for other, _ in before))
    mine = {pair for pair in before if pair[0] == userid}
    for number in range(40 - len(mine)):
        with foundation.transaction():
            news = [News(What.ADD, userid, f"wmextra{number}", now() - timedelta(hours=2))]
            apply_news(company, news, at=now(), source="test", details=False)
    before = open_pairs()
    pulled, later = reconcile.Pulled([], {userid}), now() + timedelta(hours=1)
    gone = {(row.userid, row.external_userid) for row in reconcile.missing(company, pulled, at=later)}
    assert gone == {pair for pair in before if pair[0] == userid}
    with foundation.transaction():
        found, ended, skipped = reconcile.take_over(company, pulled, gone, at=later)
    assert (found, ended, skipped) == (0, 0, 1)
    assert open_pairs() == before
    (view,) = connections.connections()
    assert view.status is ConnectionStatus.FAILING
    assert userid in view.last_error


def test_who_fell_between_two_pages_stays_a_friend(twin: Twin, company: Connection) -> None:
    """A friendship that ends while the pages come moves the others up; one is on no page then."""
    reconcile.reconcile(company, at=now())
    before, later = open_pairs(), now() + timedelta(hours=1)
    client = connections.client_for(company, connections.Purpose.CONTACT)
    userid, _external = min(before)
    pulled = reconcile.pull_members(client, [userid], {})
    unseen = pulled.friends.pop()
    rows = reconcile.missing(company, pulled, at=later)
    assert [(row.userid, row.external_userid) for row in rows] == [unseen.pair]
    assert reconcile.look_again(client, rows) == set()
    twin.post("/twin/delete", userid=userid, external_userid=unseen.pair[1])
    assert reconcile.look_again(client, rows) == {unseen.pair}


def test_one_refused_member_does_not_hide_the_others(twin: Twin, company: Connection) -> None:
    client = connections.client_for(company, connections.Purpose.CONTACT)
    with_friends = twin.friend()["userid"]
    pulled = reconcile.pull_members(client, [with_friends, "nobody-here"], {})
    assert pulled.complete == {with_friends}
    assert {item.follower.userid for item in pulled.friends} == {with_friends}
