"""Ask policy: the registered rules in order, the first denial answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time

from django.utils.translation import gettext_lazy as _

from siyu.foundation import api as foundation
from siyu.records.policy.contracts import Action, Decision, Limits, PolicyInput, Rule

RULES: foundation.Registry[Rule] = foundation.Registry("policy rules")
"""Rules by name, asked in order of registration; each module's ``wiring`` may add its own."""


def current_limits(*, at: datetime) -> Limits:
    """The settings that rules read, as of ``at``. A time that cannot be read counts as the default."""
    return Limits(
        timezone=foundation.brand_zone(),
        quiet_from=_time("policy.quiet_from", at),
        quiet_until=_time("policy.quiet_until", at),
        cap_per_day=foundation.get_setting("policy.cap_per_day", at=at),
        cap_per_7_days=foundation.get_setting("policy.cap_per_7_days", at=at),
        promotional_needs_consent=foundation.get_setting("policy.promotional_needs_consent", at=at),
    )


def _time(key: str, at: datetime) -> time:
    try:
        return time.fromisoformat(foundation.get_setting(key, at=at))
    except ValueError:
        return time.fromisoformat(foundation.SETTINGS.get(key).default)


def decide(action: Action, ctx: PolicyInput, *, at: datetime) -> Decision:
    """May this be done? A denial names rule, version, reason, appeal and when to ask again, if ever."""
    return decide_many(action, [ctx], at=at)[0]


def decide_many(action: Action, contexts: Sequence[PolicyInput], *, at: datetime) -> list[Decision]:
    """The same for many, reading the settings once; answers in order. Changes nothing."""
    limits = current_limits(at=at)
    rules = [rule for _name, rule in RULES.items() if action in rule.actions]
    return [_decide(rules, ctx, limits, at) for ctx in contexts]


def _decide(rules: Sequence[Rule], ctx: PolicyInput, limits: Limits, at: datetime) -> Decision:
    if not rules:
        return Decision(
            False, "policy.no_rule", 1, _("No rule covers this."), _("Report it: the system lacks a rule.")
        )
    for rule in rules:
        denial = rule.check(ctx, limits, at)
        if denial is not None:
            return Decision(False, rule.name, rule.version, denial.reason, denial.appeal, denial.retry_at)
    return Decision(True, rules[-1].name, rules[-1].version)
