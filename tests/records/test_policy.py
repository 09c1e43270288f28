"""Policy: exemptions, caps, quiet hours around midnight, missing input denies, one answer for batch and single."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siyu.foundation import api as foundation
from siyu.records.policy import api as policy
from siyu.records.policy import rules
from tests.records.people import LEAD

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=SHANGHAI)
NIGHT = datetime(2026, 3, 1, 1, 30, tzinfo=SHANGHAI)
PROMOTION = policy.PolicyInput(
    customer_id=1,
    channel="wecom.mass",
    kind=policy.MessageKind.PROMOTIONAL,
    consent=policy.Consent.NOT_STATED,
    opted_out=False,
    relation=policy.Relation.FRIEND,
    promotional_today=0,
    promotional_7_days=0,
)
SERVICE = replace(PROMOTION, kind=policy.MessageKind.SERVICE, promotional_today=None, promotional_7_days=None)
SEND = policy.Action.SEND_MESSAGE

pytestmark = pytest.mark.django_db


def rule(ctx: policy.PolicyInput, at: datetime = NOON) -> str:
    """The rule that denies, or "" when allowed."""
    decision = policy.decide(SEND, ctx, at=at)
    assert decision.version == 1
    if decision.allowed:
        assert (decision.reason, decision.appeal, decision.retry_at) == ("", "", None)
        return ""
    assert str(decision.reason)
    assert str(decision.appeal)
    return decision.rule


def test_a_promotion_to_a_friend_at_noon_goes_out() -> None:
    assert rule(PROMOTION) == ""


@pytest.mark.parametrize(
    ("change", "denied_by"),
    [
        ({"opted_out": True}, "message.opted_out"),
        ({"consent": policy.Consent.REFUSED}, "message.consent"),
        ({"relation": policy.Relation.NOT_FRIEND}, "message.relation"),
        ({"relation": policy.Relation.NOT_NEEDED}, "message.consent"),
        ({"relation": policy.Relation.NOT_NEEDED, "consent": policy.Consent.GRANTED}, ""),
        ({"promotional_today": 1}, "message.cap"),
        ({"promotional_today": 1, "promotional_7_days": 3}, "message.cap"),
        ({"promotional_7_days": 2}, ""),
        ({"promotional_7_days": 3}, "message.cap"),
    ],
)
def test_what_holds_a_promotion(change: dict[str, object], denied_by: str) -> None:
    assert rule(replace(PROMOTION, **change)) == denied_by  # type: ignore[arg-type]


def test_what_answers_the_customer_is_exempt_from_night_and_cap_but_not_from_consent() -> None:
    assert rule(SERVICE, NIGHT) == ""
    assert rule(replace(SERVICE, promotional_today=99, promotional_7_days=99), NIGHT) == ""
    assert rule(replace(SERVICE, consent=policy.Consent.REFUSED), NIGHT) == "message.consent"
    assert rule(replace(SERVICE, opted_out=True), NIGHT) == "message.opted_out"
    assert rule(replace(SERVICE, relation=policy.Relation.NOT_FRIEND), NIGHT) == "message.relation"


@pytest.mark.parametrize("field", [f.name for f in fields(policy.PolicyInput)])
def test_missing_input_denies(field: str) -> None:
    missing = replace(PROMOTION, **{field: "" if field == "channel" else None})  # type: ignore[arg-type]
    assert rule(missing) == "message.known"


def local(hour: int, minute: int = 0, day: int = 1) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("at", "retry"),
    [
        (local(21, 29), None),
        (local(21, 30), local(9, 0, day=2)),
        (local(23, 59), local(9, 0, day=2)),
        (local(0, 0), local(9, 0)),
        (local(8, 59), local(9, 0)),
        (local(9, 0), None),
    ],
)
def test_quiet_hours_pass_midnight_and_say_when_to_ask_again(at: datetime, retry: datetime | None) -> None:
    decision = policy.decide(SEND, PROMOTION, at=at.astimezone(UTC))
    assert decision.allowed == (retry is None)
    assert decision.retry_at == retry
    if retry is not None:
        assert decision.rule == "message.quiet_hours"
        assert policy.decide(SEND, PROMOTION, at=retry).allowed


def test_a_full_cap_asks_again_the_next_morning() -> None:
    decision = policy.decide(SEND, replace(PROMOTION, promotional_today=1), at=NOON)
    assert (decision.rule, decision.retry_at) == ("message.cap", local(9, 0, day=2))


def test_settings_change_the_rules_from_their_date_on() -> None:
    later = NOON + timedelta(days=1)
    foundation.set_setting("policy.quiet_from", "11:00", at=NOON, by=LEAD, effective_from=later)
    foundation.set_setting(
        "policy.cap_per_day", 0, at=NOON, by=LEAD, effective_from=later + timedelta(days=1)
    )
    foundation.set_setting(
        "policy.promotional_needs_consent", True, at=NOON, by=LEAD, effective_from=later + timedelta(days=2)
    )
    found = [rule(PROMOTION, NOON + timedelta(days=days)) for days in range(4)]
    assert found == ["", "message.quiet_hours", "message.cap", "message.consent"]
    foundation.set_setting("policy.quiet_from", "nonsense", at=NOON, by=LEAD)
    assert policy.current_limits(at=NOON).quiet_from == time(21, 30)


def test_many_are_answered_as_one_by_one() -> None:
    contexts = [PROMOTION, SERVICE, replace(PROMOTION, opted_out=True), replace(PROMOTION, kind=None)] * 50
    assert (
        policy.decide_many(SEND, contexts, at=NIGHT)
        == [policy.decide(SEND, c, at=NIGHT) for c in contexts[:4]] * 50
    )
    assert policy.decide_many(SEND, [], at=NIGHT) == []


def test_an_action_without_a_rule_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy.RULES, "_items", {})
    decision = policy.decide(SEND, PROMOTION, at=NOON)
    assert (decision.allowed, decision.rule) == (False, "policy.no_rule")


minutes = st.integers(0, 24 * 60 - 1).map(lambda m: time(m // 60, m % 60))


@given(minutes, minutes, st.integers(0, 365 * 24 * 60))
def test_quiet_hours_end_within_a_day_and_outside_the_window(start: time, end: time, minute: int) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    limits = policy.Limits(SHANGHAI, start, end, 1, 3, False)
    denial = rules.quiet_hours(PROMOTION, limits, at)
    if denial is not None:
        assert denial.retry_at is not None
        assert at < denial.retry_at <= at + timedelta(days=1)
        assert rules.quiet_hours(PROMOTION, limits, denial.retry_at) is None
    assert rules.quiet_hours(PROMOTION, limits, rules.next_allowed(at, limits)) is None
