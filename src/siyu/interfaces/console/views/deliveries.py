"""发送记录: every message, its state, which rule holds it, why it failed; cancel, remind, ask again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from siyu.actions.messaging import api as messaging
from siyu.foundation import api as foundation
from siyu.foundation.api import Role
from siyu.interfaces.console import words
from siyu.interfaces.console.views import params
from siyu.interfaces.console.views.customers import back
from siyu.interfaces.ui.api import ALL, OPERATIONS, STORES, rule, see_other, visit
from siyu.kit.errors import NotFound
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

SENDERS = OPERATIONS | STORES


def _filter(request: HttpRequest) -> tuple[messaging.DeliveryFilter, dict[str, str]]:
    query = request.GET
    state = params.one_of(query.get("state"), [one.value for one in messaging.DeliveryState])
    kind = params.one_of(query.get("kind"), ["service", "promotional"])
    channel = params.one_of(query.get("channel"), [name for name, _one in messaging.CHANNELS.items()])
    first, last = params.day(query.get("first")), params.day(query.get("last"))
    zone = timezone.get_current_timezone()
    purpose = query.get("purpose", "").strip()[:200]
    wanted = messaging.DeliveryFilter(
        states=frozenset({messaging.DeliveryState(state)}) if state else frozenset(),
        channel=channel,
        kind=kind,
        purpose_key=purpose,
        since=datetime(first.year, first.month, first.day, tzinfo=zone) if first else None,
        until=datetime(last.year, last.month, last.day, tzinfo=zone) + timedelta(days=1) if last else None,
    )
    values = {
        "state": state,
        "kind": kind,
        "channel": channel,
        "purpose": purpose,
        "first": first.isoformat() if first else "",
        "last": last.isoformat() if last else "",
    }
    return wanted, {name: value for name, value in values.items() if value}


@rule(roles=ALL - {Role.CLERK})
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """All deliveries in scope, newest first."""
    seen = visit(request)
    wanted, values = _filter(request)
    page = messaging.deliveries(seen.scope, wanted, number=params.page_number(request))
    context = {
        "page": page,
        "people": customers.profiles({one.customer_id for one in page.items}),
        "employees": staff.employees_by_id(
            {one.employee_id for one in page.items if one.employee_id}, at=seen.at
        ),
        "values": values,
        "states": words.choices("delivery"),
        "kinds": words.choices("message"),
        "channels": [(name, channel.label) for name, channel in messaging.CHANNELS.items()],
        "may_act": seen.principal.role in SENDERS,
        "query": request.GET.urlencode(),
    }
    return render(request, "console/deliveries.html", context)


def _cancelled(ids: Sequence[int], at: datetime) -> str:
    report: Any = messaging.cancel(ids, at=at, reason=_("Cancelled in the console"))
    done = report.cancelled
    text = ngettext("%(n)d message cancelled.", "%(n)d messages cancelled.", done) % {"n": done}
    if done < len(ids):
        text += " " + _("%(n)d could not be withdrawn any more.") % {"n": len(ids) - done}
    return text


def _reminded(ids: Sequence[int], at: datetime) -> str:
    done = messaging.remind(ids, at=at)
    return ngettext("%(n)d employee will be reminded.", "%(n)d employees will be reminded.", done) % {
        "n": done
    }


def _asked_again(ids: Sequence[int], at: datetime) -> str:
    done = messaging.ask_again(ids, at=at)
    return ngettext(
        "%(n)d message is put to the rules again.", "%(n)d messages are put to the rules again.", done
    ) % {"n": done}


ACTS: dict[str, Callable[[Sequence[int], datetime], str]] = {
    "cancel": _cancelled,
    "remind": _reminded,
    "again": _asked_again,
}


@rule(roles=SENDERS)
@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Cancel the chosen messages, remind their employees, or put held ones to the rules again."""
    seen = visit(request)
    ids = params.chosen_ids(request.POST.getlist("id"))
    name = request.POST.get("act", "")
    if name not in ACTS or set(messaging.visible_ids(ids, scope=seen.scope)) != set(ids):
        raise NotFound("delivery.not_found")
    text = ACTS[name](ids, seen.at)
    foundation.audit(
        seen.principal,
        f"deliveries.{name}",
        "deliveries",
        0,
        {"ids": ids[:50], "count": len(ids)},
        at=seen.at,
    )
    messages.success(request, text)
    return see_other(request, back(request, reverse("console:deliveries")))
