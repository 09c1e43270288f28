"""Welcome, mass message and message to staff: real calls, real faults, one effect each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from siyu.actions.messaging import api as messaging
from siyu.actions.messaging.contracts import Content, Outcome, Result, SendItem
from siyu.connectors.wecom import client, connections, details, directory, receivers, tags
from siyu.connectors.wecom.channels.mass import MassChannel
from siyu.connectors.wecom.channels.staff_app import StaffAppChannel
from siyu.connectors.wecom.channels.welcome import WelcomeChannel
from siyu.connectors.wecom.models import Connection, DetailWanted, MassSend, Relation, TagMirror
from siyu.connectors.wecom.relations import News, What, apply_news, want_details, welcome_ref
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import OutcomeUnknown, Permanent, RetryLater
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from tests.connectors.wecom_kit import Twin, connect, now, settle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def company(twin: Twin) -> Iterator[Connection]:
    receivers.forget()
    facts.install_cursors()
    yield synced(twin)
    twin.post("/twin/settings", dispatch_seconds=0, welcome_distributing_seconds=0)


def synced(twin: Twin) -> Connection:
    connection = connections.by_id(connect(twin).id)
    directory.sync(connection, at=now())
    return connection


class World:
    """People made at the twin and taken over without callbacks."""

    def __init__(self, twin: Twin, company: Connection) -> None:
        self.twin, self.company = twin, company
        client = connections.client_for(company, connections.Purpose.CONTACT)
        self.clerk = twin.clerks()[10]
        self.code = client.write(
            "externalcontact/add_contact_way", {"type": 2, "scene": 2, "user": [self.clerk]}
        )["config_id"]
        self.employee = staff.employees_by_userid([self.clerk], at=now())[self.clerk].id

    def scan(self, *, known: bool = True) -> tuple[str, str]:
        """A new friend; (external_userid, welcome ref)."""
        person = self.twin.post("/twin/scan", config_id=self.code)
        row = self.twin.ledger("adds")[-1]
        assert row["external_userid"] == person["external_userid"]
        at = now()
        news = News(What.ADD, self.clerk, row["external_userid"], at, welcome_code=row["welcome_code"])
        if known:
            with foundation.transaction():
                apply_news(self.company, [news], at=at, source="test", details=False)
        ref = welcome_ref(self.company.pk, self.clerk, row["external_userid"], at)
        return row["external_userid"], ref

    def item(
        self, external: str, *, ref: str = "", welcome: str = "", token: str = "t1", text: str = "您好"
    ) -> SendItem:
        relation = Relation.objects.get(external_userid=external, userid=self.clerk)
        owner = customers.customers_of([relation.subject_id])[relation.subject_id]
        return SendItem(
            delivery_id=relation.pk, key=f"k{relation.pk}", attempt_token=token, attempted_at=now(), attempt=1,
            customer_id=owner, subject_id=relation.subject_id, employee_id=self.employee,
            content=Content(text), params={"welcome_ref": welcome}, ref=ref,
        )  # fmt: skip

    def confirm(self, msgid: str) -> None:
        self.twin.post("/twin/confirm", msgid=msgid, userid=self.clerk)

    def phone(self, external: str, kind: str) -> list[str]:
        rows = self.twin.get("/twin/messages", kind=kind, limit=5000)["messages"]
        return [row["text"] for row in rows if row["external_userid"] == external]


@pytest.fixture
def world(twin: Twin, company: Connection) -> World:
    twin.post("/twin/settings", dispatch_seconds=0, welcome_distributing_seconds=0)
    return World(twin, company)


def results(outcomes: Sequence[Outcome]) -> list[Result]:
    return [outcome.result for outcome in outcomes]


# -- welcome ----------------------------------------------------------------------------------------


def test_a_welcome_goes_out_once(world: World) -> None:
    external, ref = world.scan()
    channel = WelcomeChannel()
    item = world.item(external, welcome=ref, text="欢迎😀")
    (first,) = channel.send([item], at=now())
    (second,) = channel.send([item], at=now())
    assert (first.result, first.ref) == (Result.SENT, ref)
    assert second.result is Result.FAILED
    assert world.phone(external, "welcome") == ["欢迎😀"]


def test_a_late_welcome_says_why(world: World) -> None:
    external, ref = world.scan()
    world.twin.post("/twin/clock", advance_seconds=30)
    (outcome,) = WelcomeChannel().send([world.item(external, welcome=ref)], at=now())
    assert outcome.result is Result.FAILED
    assert "20" in outcome.reason
    assert world.phone(external, "welcome") == []


def test_a_welcome_after_the_customer_wrote_is_refused_with_a_reason(world: World) -> None:
    external, ref = world.scan()
    world.twin.post("/twin/say", userid=world.clerk, external_userid=external, text="在吗")
    (outcome,) = WelcomeChannel().send([world.item(external, welcome=ref)], at=now())
    assert outcome.result is Result.FAILED
    assert outcome.reason


def test_an_unclear_welcome_stays_unknown_and_is_not_doubled(world: World) -> None:
    external, ref = world.scan()
    item = world.item(external, welcome=ref)
    connections.client_for(world.company, connections.Purpose.CONTACT).get(
        "externalcontact/get_follow_user_list"
    )
    with world.twin.faults(cut_after_effect=1.0), pytest.raises(OutcomeUnknown):
        WelcomeChannel().send([item], at=now())
    (again,) = WelcomeChannel().send([replace(item, attempt=2, doubt=True)], at=now())
    assert again.result is Result.UNKNOWN
    assert world.phone(external, "welcome") == ["您好"]


@pytest.mark.parametrize("fault", ["http_5xx"])
def test_an_unclear_welcome_that_never_arrived_is_sent_by_the_repetition(world: World, fault: str) -> None:
    external, ref = world.scan()
    item = world.item(external, welcome=ref)
    connections.client_for(world.company, connections.Purpose.CONTACT).get(
        "externalcontact/get_follow_user_list"
    )
    with world.twin.faults(**{fault: 1.0}), pytest.raises(OutcomeUnknown):
        WelcomeChannel().send([item], at=now())
    (again,) = WelcomeChannel().send([replace(item, attempt=2, doubt=True)], at=now())
    assert again.result is Result.SENT
    assert world.phone(external, "welcome") == ["您好"]


def test_a_certain_failure_leaves_no_doubt(world: World) -> None:
    external, ref = world.scan()
    item = world.item(external, welcome=ref)
    with world.twin.faults(freq_limit=1.0), pytest.raises(RetryLater):
        WelcomeChannel().send([item], at=now())
    assert results(WelcomeChannel().send([item], at=now())) == [Result.SENT]


def test_somebody_else_is_welcoming(world: World) -> None:
    external, ref = world.scan()
    item = world.item(external, welcome=ref)
    assert results(WelcomeChannel().send([item], at=now())) == [Result.SENT]
    world.twin.post("/twin/settings", welcome_distributing_seconds=600)
    with pytest.raises(OutcomeUnknown) as caught:
        WelcomeChannel().send([item], at=now())
    assert caught.value.params["errcode"] == 41096


def test_a_set_up_mistake_does_not_fail_messages(world: World) -> None:
    external, ref = world.scan()
    with world.twin.settings(trusted_ips=["10.9.9.9"]):
        with pytest.raises(RetryLater) as caught:
            WelcomeChannel().send([world.item(external, welcome=ref)], at=now())
    assert caught.value.params["errcode"] == 60020
    assert connections.connections()[0].status == "failing"


def test_messages_wait_while_the_connection_is_off(world: World) -> None:
    external, ref = world.scan()
    Connection.objects.update(status="off")
    for channel in (WelcomeChannel(), MassChannel(), StaffAppChannel()):
        with pytest.raises(RetryLater):
            channel.send([world.item(external, welcome=ref)], at=now())
    assert MassSend.objects.count() == 0


def test_content_that_wecom_cannot_carry_is_refused_before_the_call(world: World) -> None:
    external, ref = world.scan()
    for item in (
        world.item(external, welcome=ref, text="好" * 1334),
        SendItem(1, "k", "t", now(), 1, 1, None, None,
            Content("x", (messaging.Attachment("file", "a"),)), {"welcome_ref": ref},
        ),
    ):  # fmt: skip
        with pytest.raises(Permanent):
            WelcomeChannel().send([item], at=now())
    assert results(
        WelcomeChannel().send([world.item(external, welcome=ref, text="好" * 1333)], at=now())
    ) == [Result.SENT]


# -- mass message -----------------------------------------------------------------------------------


def test_a_mass_message_waits_for_the_member_and_is_followed_to_the_end(world: World) -> None:
    friends = [world.scan()[0] for _number in range(3)]
    channel = MassChannel()
    items = [world.item(external, text="周末活动😀") for external in friends]
    handed = channel.send(items, at=now())
    assert results(handed) == [Result.WAITING_MEMBER] * 3
    (msgid,) = {outcome.ref for outcome in handed}
    asked = [world.item(external, ref=msgid) for external in friends]
    assert results(channel.query(asked, at=now())) == [Result.WAITING_MEMBER] * 3
    world.twin.post("/twin/block", userid=world.clerk, external_userid=friends[2])
    world.confirm(msgid)
    done = channel.query(asked, at=now())
    assert results(done) == [Result.SENT, Result.SENT, Result.FAILED]
    assert done[0].happened_at is not None
    assert done[2].reason
    assert world.phone(friends[0], "mass") == ["周末活动😀"]
    assert world.phone(friends[2], "mass") == []


def test_who_is_no_friend_fails_alone(world: World) -> None:
    friend, stranger = world.scan()[0], world.scan()[0]
    Relation.objects.filter(external_userid=stranger).update(open=False)
    outcomes = MassChannel().send([world.item(friend), world.item(stranger)], at=now())
    by_id = {outcome.delivery_id: outcome for outcome in outcomes}
    assert by_id[world.item(friend).delivery_id].result is Result.WAITING_MEMBER
    assert by_id[world.item(stranger).delivery_id].result is Result.FAILED


def test_whom_wecom_refuses_fails_alone(world: World) -> None:
    friend, deleted = world.scan()[0], world.scan()[0]
    world.twin.post("/twin/delete", userid=world.clerk, external_userid=deleted)
    outcomes = MassChannel().send([world.item(friend), world.item(deleted)], at=now())
    assert results(outcomes) == [Result.WAITING_MEMBER, Result.FAILED]
    assert MassSend.objects.get().recipients == 1
    (only,) = MassChannel().send([world.item(deleted, token="t2")], at=now())
    assert only.result is Result.FAILED


def test_the_monthly_limit_is_told(world: World) -> None:
    friend = world.scan()[0]
    channel = MassChannel()
    with world.twin.settings(mass_rule="day"):
        for token, wanted in (("a", Result.SENT), ("b", Result.FAILED)):
            (outcome,) = channel.send([world.item(friend, token=token)], at=now())
            world.confirm(outcome.ref)
            (done,) = channel.query([world.item(friend, ref=outcome.ref)], at=now())
            assert done.result is wanted
    assert world.phone(friend, "mass") == ["您好"]


def lost_send(world: World, items: Sequence[SendItem], **faults: Any) -> None:
    connections.client_for(world.company, connections.Purpose.CONTACT).get(
        "externalcontact/get_follow_user_list"
    )
    with world.twin.faults(**faults), pytest.raises(OutcomeUnknown):
        MassChannel().send(items, at=now())


def aged() -> None:
    """Let the attempts look old enough to be certain about."""
    foundation.execute("UPDATE connectors_wecom_masssend SET asked_wall = asked_wall - interval '1 minute'")


def test_an_unclear_mass_message_is_found_by_content_time_and_people(world: World) -> None:
    first, second = world.scan()[0], world.scan()[0]
    channel = MassChannel()
    # the same text, handed over in order a moment before, must not be taken for it
    (other,) = channel.send([world.item(second, token="other")], at=now())
    items = [world.item(first, token="lost")]
    lost_send(world, items, cut_after_effect=1.0)
    with world.twin.faults(freq_limit=1.0), pytest.raises(RetryLater):
        channel.query(items, at=now())
    (found,) = channel.query(items, at=now())
    assert found.result is Result.WAITING_MEMBER
    assert found.ref and found.ref != other.ref
    with world.twin.faults(freq_limit=1.0), pytest.raises(RetryLater):
        channel.query([world.item(first, ref=found.ref)], at=now())
    world.confirm(found.ref)
    (done,) = channel.query([world.item(first, ref=found.ref)], at=now())
    assert done.result is Result.SENT
    assert world.phone(first, "mass") == ["您好"]


def test_an_unclear_mass_message_that_never_arrived_may_be_sent_again(world: World) -> None:
    friend = world.scan()[0]
    items = [world.item(friend, token="lost")]
    lost_send(world, items, http_5xx=1.0)
    assert results(MassChannel().query(items, at=now())) == [Result.UNKNOWN]  # too early to be certain
    aged()
    assert results(MassChannel().query(items, at=now())) == [Result.RETRY]
    assert results(MassChannel().send([world.item(friend, token="new")], at=now())) == [Result.WAITING_MEMBER]


def merged_buyer(friend: SendItem) -> tuple[SendItem, int]:
    """A buyer who is taken for this friend; an item for the buyer, and the merge."""
    [buyer] = customers.identify([customers.IdentityRef("member_no", "9", "shop")], at=now(), source="test")
    assert buyer.customer_id is not None
    merge = customers.merge(friend.customer_id, buyer.customer_id, at=now(), by=foundation.SYSTEM)
    item = replace(
        friend, delivery_id=987_654, key="buyer", customer_id=buyer.customer_id, subject_id=buyer.subject_id
    )
    return item, merge


@pytest.mark.parametrize("lost", [False, True])
def test_a_message_is_followed_to_whom_it_was_handed_over_for_though_the_merge_is_undone(
    world: World, lost: bool
) -> None:
    friend = world.scan()[0]
    item, merge = merged_buyer(world.item(friend, token="merged"))
    if lost:
        lost_send(world, [item], cut_after_effect=1.0)
    else:
        (handed,) = MassChannel().send([item], at=now())
        item = replace(item, ref=handed.ref)
    customers.undo_merge(merge, at=now(), by=foundation.SYSTEM)
    aged()
    (waiting,) = MassChannel().query([item], at=now())
    assert waiting.result is Result.WAITING_MEMBER
    world.confirm(waiting.ref)
    (done,) = MassChannel().query([replace(item, ref=waiting.ref)], at=now())
    assert done.result is Result.SENT
    assert world.phone(friend, "mass") == ["您好"]


def test_the_same_attempt_is_never_asked_twice(world: World) -> None:
    friend = world.scan()[0]
    items = [world.item(friend, token="once")]
    MassChannel().send(items, at=now())
    with pytest.raises(OutcomeUnknown):
        MassChannel().send(items, at=now())
    assert len(world.twin.get("/twin/tasks", userid=world.clerk)["tasks"]) >= 1
    assert MassSend.objects.count() == 1


def test_an_attempt_that_never_began_may_be_sent(world: World) -> None:
    friend = world.scan()[0]
    assert results(MassChannel().query([world.item(friend, token="never")], at=now())) == [Result.RETRY]


def test_an_attempt_whose_call_is_forgotten_is_not_made_again(world: World) -> None:
    """Somebody asks once more about a message of last season, whose call has been purged."""
    items = [world.item(world.scan()[0], token="old")]
    lost_send(world, items, cut_after_effect=1.0)
    later = now() + timedelta(days=91)
    foundation.JOBS.get("wecom.purge").run({}, cast(Any, SimpleNamespace(at=later)))
    assert MassSend.objects.count() == 0
    assert results(MassChannel().query(items, at=later)) == [Result.UNKNOWN]


def test_a_task_still_being_dispatched_is_asked_again(world: World) -> None:
    friend = world.scan()[0]
    world.twin.post("/twin/settings", dispatch_seconds=600)
    (handed,) = MassChannel().send([world.item(friend)], at=now())
    with pytest.raises(RetryLater):
        MassChannel().query([world.item(friend, ref=handed.ref)], at=now())


def test_a_set_up_mistake_does_not_forget_a_wish_to_withdraw(world: World) -> None:
    item = world.item(world.scan()[0])
    (waiting,) = MassChannel().send([item], at=now())
    item = replace(item, ref=waiting.ref)
    for ask in (MassChannel().cancel, MassChannel().remind):
        with world.twin.settings(trusted_ips=["10.9.9.9"]), pytest.raises(RetryLater):
            ask([item], at=now())
    assert results(MassChannel().cancel([item], at=now())) == [Result.CANCELLED]


def test_withdrawing_reaches_only_what_was_not_sent(world: World) -> None:
    friends = [world.scan()[0] for _number in range(2)]
    channel = MassChannel()
    msgid = channel.send([world.item(external) for external in friends], at=now())[0].ref
    whole = [world.item(external, ref=msgid) for external in friends]
    assert results(channel.cancel(whole[:1], at=now())) == [Result.FAILED]  # a part cannot be withdrawn
    assert results(channel.remind(whole, at=now())) == [Result.WAITING_MEMBER] * 2
    assert results(channel.cancel(whole, at=now())) == [Result.CANCELLED] * 2
    assert results(channel.remind(whole, at=now())) == [Result.FAILED] * 2
    sent = channel.send([world.item(external, token="x") for external in friends], at=now())[0].ref
    world.confirm(sent)
    after = channel.cancel([world.item(external, ref=sent) for external in friends], at=now())
    assert results(after) == [Result.SENT] * 2


def test_reminding_too_often_is_told(world: World) -> None:
    friend = world.scan()[0]
    msgid = MassChannel().send([world.item(friend)], at=now())[0].ref
    item = world.item(friend, ref=msgid)
    told = [MassChannel().remind([item], at=now())[0].result for _number in range(4)]
    assert told == [Result.WAITING_MEMBER] * 3 + [Result.FAILED]


# -- employees, tags --------------------------------------------------------------------------------


def test_a_message_to_an_employee_is_repeated_without_a_second_effect(world: World) -> None:
    item = world.item(world.scan()[0], text="客户想看钻戒")
    for _time in range(2):
        (outcome,) = StaffAppChannel().send([item], at=now())
        assert outcome.result is Result.SENT
    assert told_to(world, "客户想看钻戒") == 1


def told_to(world: World, text: str) -> int:
    """How many messages on the clerk's phone begin like this."""
    rows = world.twin.get("/twin/messages", kind="app", userid=world.clerk, limit=5000)["messages"]
    return sum(row["text"].startswith(text) for row in rows)


def test_the_same_words_about_two_customers_are_two_messages(world: World) -> None:
    """To WeCom the same text to the same member within hours is a repetition, which it drops."""
    for external, _ref in (world.scan(), world.scan()):
        item = world.item(external, text="有新客户,请问候")
        assert results(StaffAppChannel().send([item], at=now())) == [Result.SENT]
    assert told_to(world, "有新客户,请问候") == 2


def test_a_message_to_an_employee_goes_through_the_employees_own_company(twin: Twin) -> None:
    receivers.forget()
    app = connections.settings_from(twin.config, key="other", base_url=twin.url).apps[0]
    connections.save_connection(  # the brand's first company, in which the same userid is somebody else
        connections.ConnectionSettings("other", "ww0ther", (app,), base_url="http://127.0.0.1:9"), at=now()
    )
    world = World(twin, synced(twin))
    (outcome,) = StaffAppChannel().send([world.item(world.scan()[0], text="请联系这位客户")], at=now())
    assert outcome.result is Result.SENT


def test_details_that_were_asked_for_in_vain_for_days_still_come(world: World) -> None:
    """Every ten seconds for four days is more often than a small number counts."""
    item = world.item(world.scan()[0])
    want_details(world.company.pk, [Relation.objects.get(pk=item.delivery_id).external_userid], at=now())
    DetailWanted.objects.update(attempts=32_767)
    assert details.run(now()) == 1
    assert customers.profiles([item.customer_id])[item.customer_id].name
    assert DetailWanted.objects.count() == 0


def test_tags_are_made_marked_and_taken_off(world: World) -> None:
    external, _ref = world.scan()
    item = world.item(external)
    settle()
    with foundation.transaction():
        customers.tag([item.customer_id], "七夕活动", at=now(), source="console")
        customers.tag([item.customer_id], "金卡", at=now(), source="console")
    settle()
    assert marks(world, external) == {"七夕活动", "金卡"}
    with foundation.transaction():
        customers.untag([item.customer_id], "七夕活动", at=now(), source="console")
    settle()
    assert marks(world, external) == {"金卡"}


def test_a_slow_push_of_tags_does_not_undo_a_later_one(world: World) -> None:
    external, _ref = world.scan()
    item, other = world.item(external), world.item(world.scan()[0])
    with foundation.transaction():
        customers.tag([other.customer_id], "后来的标签", at=now(), source="console")
    settle()
    later = ["后来的标签"]

    def overtake(request: httpx.Request) -> None:
        if later and request.url.path.endswith("mark_tag"):
            with foundation.transaction():
                customers.tag([item.customer_id], later.pop(), at=now(), source="console")
            settle()

    pool = client._http(world.company.base_url)
    pool.event_hooks = {"request": [overtake]}
    try:
        with foundation.transaction():
            customers.tag([item.customer_id], "七夕活动", at=now(), source="console")
        settle()
    finally:
        pool.event_hooks = {}
    assert marks(world, external) == {"七夕活动", "后来的标签"}


def test_a_tag_somebody_else_has_just_made_is_used(world: World) -> None:
    client = connections.client_for(world.company, connections.Purpose.CONTACT)
    first = tags.ensure(world.company, client, {"并发标签"})
    TagMirror.objects.all().delete()
    assert tags.ensure(world.company, client, {"并发标签"})["并发标签"] == first["并发标签"]


def marks(world: World, external: str) -> set[str]:
    client = connections.client_for(world.company, connections.Purpose.CONTACT)
    answer = client.get("externalcontact/get", external_userid=external)
    return {tag["tag_name"] for follow in answer["follow_user"] for tag in follow["tags"]}
