"""Template words of the console: its menus and the names of states."""

from __future__ import annotations

from django import template
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.scoring import api as scoring
from siyu.interfaces.console import nav, words

register = template.Library()


@register.simple_tag(takes_context=True)
def console_menu(context: template.Context) -> list[tuple[Promise | str, list[nav.Entry]]]:
    """The menu for this reader."""
    request: HttpRequest = context["request"]
    return nav.menu(request)


@register.simple_tag(takes_context=True)
def settings_menu(context: template.Context) -> list[nav.Entry]:
    """The pages of the settings room for this reader."""
    request: HttpRequest = context["request"]
    return nav.settings_menu(request)


@register.simple_tag(takes_context=True)
def who(context: template.Context) -> foundation.Principal | None:
    """The signed-in reader, None for a stranger."""
    request: HttpRequest = context["request"]
    return foundation.principal_of(request) if request.user.is_authenticated else None


@register.filter
def role_label(role: foundation.Role) -> Promise | str:
    """A role in the reader's language."""
    return foundation.ROLE_LABELS.get(role, str(role))


@register.filter
def stage_label(stage: str) -> object:
    """A life-cycle stage in the reader's language."""
    return scoring.STAGE_LABELS[scoring.Stage(stage)] if stage in list(scoring.Stage) else stage


@register.filter
def stage_colour(stage: str) -> str:
    """The badge colour of a life-cycle stage."""
    return words.STAGE_COLOURS.get(stage, "secondary")


@register.filter
def state_word(state: str, kind: str) -> object:
    """The name of a state of that kind of thing (delivery, task, import, journey …)."""
    return words.word(kind, str(state))[0]


@register.filter
def state_choices(kind: str) -> list[tuple[str, object]]:
    """All states of a kind, for tabs."""
    return list(words.choices(kind))


@register.filter
def state_colour(state: str, kind: str) -> str:
    """The badge colour of a state of that kind of thing."""
    return words.word(kind, str(state))[1]


@register.filter
def by_whom(name: str) -> object:
    """Who did something: a person's name as it is, parts of the platform in the reader's language."""
    if name == foundation.SYSTEM.display_name:
        return gettext_lazy("System")
    part, _sep, rest = name.partition(":")
    return {"wecom": gettext_lazy("WeCom"), "connectors_commerce": gettext_lazy("Order import")}.get(
        part if rest else "", name
    )


@register.filter
def fact_label(fact: facts.Fact | facts.DeadFact) -> object:
    """What a fact is called; one that no module knows any more by its name."""
    known = facts.CATALOGUE.find(fact.name)
    return fact.name if known is None else known.label


@register.filter
def reason_word(reason: str) -> object:
    """A reason as stored: the name of a fact is shown by its label, anything else as it is."""
    known = facts.CATALOGUE.find(reason)
    return known.label if known is not None else reason
