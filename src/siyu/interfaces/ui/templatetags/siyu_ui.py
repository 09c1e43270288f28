"""Template words of the house: money, counts, times, people, vendor files, form fields."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django import forms, template
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from siyu.interfaces.ui import assets, display, installation
from siyu.interfaces.ui.forms import dress
from siyu.kit import clock
from siyu.kit import money as kit_money

register = template.Library()


@register.simple_tag
def vendor(name: str) -> str:
    """The address of a fetched front-end file by its short name."""
    return static(assets.VENDOR[name])


@register.simple_tag
def own(name: str) -> str:
    """The address of one of our own files, with a mark of its content."""
    return f"{static(f'ui/{name}')}?v={assets.version(name)}"


@register.filter
def money(amount: int | None, currency: str = "") -> str:
    """Minor units as money, in the brand's currency unless another is named; nothing known reads —."""
    if amount is None:
        return "—"
    return kit_money.format_minor(int(amount), currency or installation.brand().currency)


@register.simple_tag
def currency_symbol() -> str:
    """What stands before the brand's amounts."""
    return kit_money.symbol(installation.brand().currency)


@register.filter
def compact(number: float | int | None) -> str:
    """A count the way people say it."""
    return "—" if number is None else display.compact(number)


@register.filter
def percent(share: float | None) -> str:
    """A share as a percentage."""
    return display.percent(share)


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds the way people say them."""
    return "—" if seconds is None else display.duration(seconds)


@register.filter
def when(moment: datetime | None) -> str | SafeString:
    """A relative time whose exact value shows on hover."""
    if not moment:  # None, or "" where a template went through something that is not there
        return "—"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        display.exact(moment),
        display.relative(moment, clock.business_now()),
    )


@register.filter
def exact(moment: datetime | None) -> str:
    """The full local time."""
    return "—" if moment is None else display.exact(moment)


@register.filter
def whole(number: int | None) -> str:
    """A count in full with separators, where somebody compares or copies it."""
    return "—" if number is None else f"{number:,}"


@register.filter
def person_name(name: str | None, number: object = "") -> str:
    """How a person is called: by name, else by the customer's number."""
    if name and display.visible(name):
        return name
    return gettext("Customer %(number)s") % {"number": number} if number else "—"


@register.filter
def order_number(number: str) -> str:
    """An order's number; one that was made up for a file without numbers is not shown as if it were one."""
    return display.order_number(number)


@register.filter
def order_source(source: str) -> str:
    """Where an order was placed, by the name people know; a source nobody named is shown as it is."""
    return display.order_source(source)


@register.filter
def initial(name: str | None) -> str:
    """The character on a person's avatar."""
    return display.initial(name or "")


@register.filter
def avatar_colour(name: str | None) -> str:
    """A steady colour for a person's avatar."""
    return display.colour(name or "")


@register.filter
def get(mapping: dict[Any, Any] | None, key: object) -> object:
    """A value of a mapping by a key held in a variable."""
    return (mapping or {}).get(key)


@register.filter
def as_json(value: object) -> SafeString:
    """A value as JSON inside a script element of type application/json."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return mark_safe(text.replace("<", "\\u003c").replace("&", "\\u0026"))


@register.inclusion_tag("ui/field.html")
def field(bound: forms.BoundField, icon: str = "") -> dict[str, Any]:
    """One form field with label, help and errors."""
    dress(bound)
    widget = bound.field.widget
    kind = (
        "choices"
        if isinstance(widget, (forms.CheckboxSelectMultiple, forms.RadioSelect))
        else "check"
        if isinstance(widget, forms.CheckboxInput)
        else "plain"
    )
    return {"field": bound, "icon": icon, "kind": kind}


@register.simple_tag(takes_context=True)
def sort_link(context: template.Context, key: str, current: str = "") -> str:
    """The query string that sorts by ``key``; a second click turns the order round."""
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    query.pop("page", None)
    query["sort"] = f"-{key}" if current == key else key
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def page_link(context: template.Context, number: int) -> str:
    """The query string of another page of the same list."""
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    query["page"] = str(number)
    return f"?{query.urlencode()}"


@register.simple_tag
def demo() -> bool:
    """Whether this installation offers one-click sign-ins."""
    return installation.is_demo()


@register.simple_tag
def the_brand() -> installation.Brand:
    """The brand this installation belongs to: name, whether simulated, notice."""
    return installation.brand()
