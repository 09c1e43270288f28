"""今日: the defined numbers, thirty days of them, and what needs somebody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from siyu.foundation.api import Role
from siyu.insights.metrics import api as metrics
from siyu.insights.scoring import api as scoring
from siyu.interfaces.console.views import params
from siyu.interfaces.ui.api import ALL, brand, rule, visit
from siyu.kit.money import decimals, symbol
from siyu.records.customers import api as customers

CHART = ("new_customers", "lost_customers", "sales")
DAYS = 30


def chart(series: Sequence[Sequence[metrics.MetricValue]]) -> dict[str, Any]:
    """Series of one length as the page's script draws them; money on an axis of its own, in whole units of the currency."""
    axes: list[str] = []
    drawn = []
    currency = brand().currency
    unit = 10 ** decimals(currency)
    for values in series:
        definition = values[0].definition
        money = definition.unit == metrics.Unit.MONEY
        axis = symbol(currency) if money else ("%" if definition.unit == metrics.Unit.SHARE else "")
        if axis not in axes:
            axes.append(axis)
        factor = 1 / unit if money else (100 if axis == "%" else 1)
        drawn.append(
            {
                "name": str(definition.label),
                "type": "line" if money or axis == "%" else "bar",
                "axis": axes.index(axis),
                "values": [None if one.value is None else round(one.value * factor, 2) for one in values],
            }
        )
    days = [one.day.strftime("%m-%d") for one in series[0]] if series else []
    return {"days": days, "axes": axes, "series": drawn}


WHERE = {
    "dead_letters": "dead-letters",
    "deliveries_unknown": "deliveries?state=unknown",
    "deliveries_held": "deliveries?state=held",
    "tasks_overdue": "tasks?state=open",
    "orders_unmatched": "unmatched",
    "merge_cases": "merge-cases",
}
COLOURS = {"danger": "red", "warning": "yellow", "info": "azure"}


def _attention(item: metrics.Attention) -> dict[str, Any]:
    name, _sep, query = WHERE.get(item.link, "").partition("?")
    href = reverse(f"console:{name}") if name else ""
    return {
        "item": item,
        "href": f"{href}?{query}" if query else href,
        "colour": COLOURS.get(item.severity, "azure"),
    }


@rule(roles=ALL - {Role.CLERK})
@require_GET
def today(request: HttpRequest) -> HttpResponse:
    """The start page."""
    seen = visit(request)
    day = timezone.localtime(seen.at).date()
    # Thirty days only of what is drawn: some numbers cost a look at a month of orders for each of their days.
    series = {
        key: metrics.series(key, scope=seen.scope, until=day, days=DAYS if key in CHART else 2)
        for key in metrics.TODAY
    }
    drawn = [series[key] for key in CHART if key in series]
    context = {
        "day": day,
        "cards": [{"value": one[-1], "before": one[-2]} for one in series.values()],
        "chart": chart(drawn),
        "chart_rows": list(reversed(list(zip(*drawn, strict=True)))) if drawn else [],
        "chart_heads": [one[0].definition for one in drawn],
        "attention": [_attention(one) for one in metrics.attention(scope=seen.scope, at=seen.at)],
        **_stages(seen.scope),
    }
    return render(request, "console/today.html", context)


def _stages(scope: Any) -> dict[str, Any]:
    found = scoring.stage_counts(scope)
    total = sum(found.counts.values())
    stages = [
        {"stage": stage.value, "label": scoring.STAGE_LABELS[stage], "count": count, "share": count / total}
        for stage in scoring.Stage
        if total and (count := found.counts.get(stage, 0))
    ]
    return {"stages": stages, "stages_estimated": found.estimated}


@rule(roles=ALL - {Role.CLERK})
@require_GET
def metric(request: HttpRequest, key: str) -> HttpResponse:
    """One number opened: definition, numerator, denominator, thirty days, and the rows of one day."""
    seen = visit(request)
    day: date = params.day(request.GET.get("day")) or timezone.localtime(seen.at).date()
    value = metrics.metric(key, scope=seen.scope, day=day)
    series = metrics.series(key, scope=seen.scope, until=day, days=DAYS)
    page = metrics.rows(key, scope=seen.scope, day=day, page=params.page_number(request))
    known = customers.profiles({row.customer_id for row in page.items if row.customer_id is not None})
    context = {
        "value": value,
        "definition": value.definition,
        "day": day,
        "series": list(reversed(series)),
        "chart": chart([series]),
        "page": page,
        "rows": [(row, known.get(row.customer_id or 0)) for row in page.items],
    }
    return render(request, "console/metric.html", context)
