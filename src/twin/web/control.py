"""Steering the twin: clock, connections, faults, population, settings."""

from __future__ import annotations

import dataclasses
from typing import Any

from twin.callbacks.sender import verify_receiver
from twin.clock import iso, parse_moment
from twin.company.build import config
from twin.company.history import orders_csv
from twin.life.errors import NotPossible
from twin.state import Json
from twin.web.messages import Response
from twin.web.routes import Ask, Field, openapi, route


@route("GET", "/twin/openapi.json", "This document", locked=False)
def openapi_document(ask: Ask) -> Any:
    """The OpenAPI document."""
    return openapi()


@route("GET", "/twin/health", "Whether the twin answers", locked=False)
def health(ask: Ask) -> Any:
    """A sign of life."""
    return {"ok": True, "simulated": True, "company": ask.world.state.company}


@route("GET", "/twin/config", "What an administrator would copy from the console")
def show_config(ask: Ask) -> Any:
    """Company, applications, members, departments, stores."""
    return config(ask.world.state.seed)


def _clock(ask: Ask) -> Json:
    world = ask.world
    due = world.population.next_action_at()
    return {
        "now": iso(world.now()),
        "now_seconds": world.now(),
        "offset_seconds": world.clock.offset,
        "next_action_at": None if due is None else iso(due),
        "next_action_seconds": due,
        "idle": world.idle,
        "waiting": {
            "callbacks": not world.callbacks.idle,
            "shop": not world.shop.idle,
            "api_calls": world.in_flight,
        },
    }


@route("GET", "/twin/clock", "The twin's time, its next action, and whether all is quiet")
def show_clock(ask: Ask) -> Any:
    """The clock."""
    return _clock(ask)


@route(
    "POST",
    "/twin/clock",
    "Move the clock forward, doing everything due on the way",
    Field("advance_to", "any", "a moment: ISO 8601 text or seconds since 1970"),
    Field("advance_seconds", "number", "a span from now"),
)
def move_clock(ask: Ask) -> Any:
    """Run, in order, every action due up to the moment, then stand there.

    Never backward: a moment that has passed already changes nothing.
    """
    world = ask.world
    if (ask.body.get("advance_to") is None) == (ask.body.get("advance_seconds") is None):
        raise ValueError("give either advance_to or advance_seconds")
    if ask.body.get("advance_to") is not None:
        target = parse_moment(ask.body["advance_to"])
    else:
        span = float(ask.body["advance_seconds"])
        if span < 0:
            raise NotPossible("backward", "时间不能倒退")
        target = world.now() + span
    done = world.population.run_until(target, jump=True)
    world.clock.advance_to(target)
    world.changes += 1
    return {**_clock(ask), "actions": done}


@route(
    "POST",
    "/twin/callback",
    "Set an application's callback address, as in the admin console (checks by echo first)",
    Field("app", "string", "key of the application, e.g. siyu", required=True),
    Field("url", "string", "receiver address; empty to remove it"),
    locked=False,
)
def set_callback(ask: Ask) -> Any:
    """Verify by GET echo, then store; WeCom itself allows one second for the echo."""
    world = ask.world
    app = world.state.apps[ask.body["app"]]
    url = str(ask.body.get("url") or "")
    good, trouble, spent = (True, "", 0)
    if url:
        good, trouble, spent = verify_receiver(app, world.state.corpid, url)
    if good:
        with world.lock:
            app.callback_url = url
            world.changes += 1
    return {
        "app": app.key,
        "url": app.callback_url,
        "verified": good,
        "error": trouble,
        "milliseconds": spent,
        "within_one_second": spent <= 1000,
    }


@route("GET", "/twin/callback", "The callback address of each application")
def show_callbacks(ask: Ask) -> Any:
    """Receivers."""
    return {app.key: app.callback_url for app in ask.world.state.apps.values()}


@route(
    "POST",
    "/twin/shop",
    "Where the shop reports its orders",
    Field("url", "string", "base address of siyu; empty to stop reporting"),
    Field("api_key", "string", "key for the Authorization header"),
)
def set_shop(ask: Ask) -> Any:
    """Connect the shop; orders that have waited are reported now."""
    shop = ask.world.state.shop
    shop.url = str(ask.body.get("url") or "")
    shop.api_key = str(ask.body.get("api_key") or "")
    ask.world.changes += 1
    ask.world.shop.connected()
    return {"url": shop.url, "connected": bool(shop.url)}


@route("GET", "/twin/shop", "Where the shop reports its orders (without the key)")
def show_shop(ask: Ask) -> Any:
    """The shop's connection."""
    waiting = sum(row.status == "pending" for row in ask.world.state.shop_events)
    return {"url": ask.world.state.shop.url, "waiting": waiting}


@route("GET", "/twin/shop/orders.csv", "Two years of orders before the start, as a CSV file")
def export_orders(ask: Ask) -> Any:
    """The shop system's export."""
    body = ("\ufeff" + orders_csv(ask.world.state)).encode()
    return Response(200, body, "text/csv; charset=utf-8", {
        "Content-Disposition": 'attachment; filename="orders.csv"'
    })  # fmt: skip


@route("GET", "/twin/shop/goods.json", "The goods for sale; prices in 分")
def export_goods(ask: Ask) -> Any:
    """The catalogue."""
    return {"goods": [dataclasses.asdict(item) for item in ask.world.state.goods.values()]}


def _change(target: Any, body: Json) -> Json:
    for name, value in body.items():
        if value is not None:
            setattr(target, name, value)
    return dict(target.__dict__)


SHARE = "probability 0..1"


@route(
    "POST",
    "/twin/faults",
    "Set probabilities of trouble; what is not named stays; {reset: true} clears all",
    Field("reset", "boolean", "first set everything to none"),
    Field("duplicate", "number", f"callbacks and shop batches sent twice, {SHARE}"),
    Field("reorder", "number", f"callbacks held back 0.2 to 1.2 s, {SHARE}"),
    Field("lose", "number", f"callbacks never sent, {SHARE}"),
    Field("delay_ms", "integer", "every callback waits so long"),
    Field("slow_ms", "integer", "every API call takes so long"),
    Field("http_5xx", "number", f"API answers 502 with nothing done, {SHARE}"),
    Field("timeout", "number", f"API stays silent with nothing done, {SHARE}"),
    Field("timeout_ms", "integer", "how long the silence lasts"),
    Field("cut_after_effect", "number", f"API does it and cuts the answer off, {SHARE}"),
    Field("busy", "number", f"API answers -1 with nothing done, {SHARE}"),
    Field("freq_limit", "number", f"API answers 45009 with nothing done, {SHARE}"),
    Field("token_invalidated", "number", f"the caller's token dies, {SHARE}"),
    Field("spells", "number", "share of time in which one of these troubles stays for minutes to hours"),
    Field("follow", "number", f"mass messages whose first questions meet trouble, {SHARE}"),
)
def set_faults(ask: Ask) -> Any:
    """Change the faults."""
    faults = ask.world.state.faults
    body = dict(ask.body)
    if body.pop("reset", False):
        for item in dataclasses.fields(faults):
            setattr(faults, item.name, item.default)
    for name, value in body.items():
        if value is not None and not name.endswith("_ms") and not 0 <= value <= 1:
            raise ValueError(f"{name} must be between 0 and 1")
    ask.world.changes += 1
    return _change(faults, body)


@route(
    "GET",
    "/twin/calls/next",
    "Wait for the next API call below a path to be answered",
    Field(
        "below",
        "string",
        "how its path begins, without /cgi-bin/; followed/ for messages that trouble follows",
    ),
    Field("seconds", "number", "how long to wait at most, up to 30 (0)"),
    locked=False,
)
def next_call(ask: Ask) -> Any:
    """The path of the call, in the moment in which its answer leaves; empty when none came."""
    seconds = min(30.0, float(ask.query.get("seconds") or 0))
    return {"path": ask.world.calls.next(ask.query.get("below", ""), seconds)}


@route("GET", "/twin/faults", "The faults in force")
def show_faults(ask: Ask) -> Any:
    """Faults."""
    return ask.world.state.faults.__dict__


@route(
    "POST",
    "/twin/population",
    "Start or stop the population",
    Field("running", "boolean", "whether people move of their own accord"),
    Field("rate", "number", "how busy they are; 1 is the usual"),
)
def set_population(ask: Ask) -> Any:
    """The switch; what was missed while it was off is not made up for."""
    world = ask.world
    plan = world.state.population
    running = plan.running if ask.body.get("running") is None else bool(ask.body["running"])
    rate = plan.rate if ask.body.get("rate") is None else float(ask.body["rate"])
    if not 0 <= rate <= 1000:
        raise ValueError("rate must be between 0 and 1000")
    world.move_people(running, rate)
    return show_population(ask)


@route("GET", "/twin/population", "The population's switch")
def show_population(ask: Ask) -> Any:
    """Whether it runs, how busy, and when it acts next."""
    plan = ask.world.state.population
    due = ask.world.population.next_action_at()
    return {
        "running": plan.running,
        "rate": plan.rate,
        "next_action_at": None if due is None else iso(due),
    }


@route(
    "POST",
    "/twin/settings",
    "Behaviour that documents leave open or an admin console decides",
    Field("developer_bound", "boolean", "company bound a WeChat developer id: unionid is told"),
    Field("token_mode", "string", "same | new_keeps | new_replaces"),
    Field("token_seconds", "integer", "life of a token"),
    Field("in_flight_cap", "integer", "calls at once per API before 45033; 0: no cap"),
    Field("per_minute", "integer", "calls per API and minute before 45009"),
    Field("per_hour", "integer", "calls per API and hour before 45009"),
    Field("wrong_secret_per_hour", "integer", "wrong secrets before 45009"),
    Field("strict_escapes", "boolean", "refuse \\uXXXX in bodies with 40033"),
    Field("retry_non_200", "boolean", "repeat a callback answered with another status than 200"),
    Field("retry_ms", "integer", "pause between callback attempts"),
    Field("callback_ms", "integer", "silence after which a callback is cut off"),
    Field("dispatch_seconds", "number", "how long a new mass message answers 41063"),
    Field("welcome_seconds", "number", "life of a welcome code"),
    Field("welcome_distributing_seconds", "number", "how long a used code answers 41096"),
    Field("mass_rule", "string", "month | week | day: mass messages per customer"),
    Field("contact_way_limit", "integer", "codes per company before 41045"),
    Field("admin_welcome", "array", "members for whom the admin set a welcome: no code"),
    Field("trusted_ips", "array", "addresses allowed to call the API; empty: all"),
    Field("without_list", "array", "API paths that answer without their list"),
)
def set_settings(ask: Ask) -> Any:
    """Change settings."""
    if ask.body.get("token_mode", "same") not in ("same", "new_keeps", "new_replaces"):
        raise ValueError("token_mode must be same, new_keeps or new_replaces")
    if ask.body.get("mass_rule", "month") not in ("month", "week", "day"):
        raise ValueError("mass_rule must be month, week or day")
    ask.world.changes += 1
    return _change(ask.world.state.settings, ask.body)


@route("GET", "/twin/settings", "The settings in force")
def show_settings(ask: Ask) -> Any:
    """Settings."""
    return ask.world.state.settings.__dict__


@route(
    "POST",
    "/twin/tokens/invalidate",
    "Let access tokens die early, as WeCom may",
    Field("app", "string", "only those of this application"),
)
def invalidate_tokens(ask: Ask) -> Any:
    """Kill tokens: the next call with one answers 40014."""
    state = ask.world.state
    wanted = ask.body.get("app")
    dead = [key for key, token in state.tokens.items() if wanted in (None, token.app)]
    for key in dead:
        del state.tokens[key]
    ask.world.changes += 1
    return {"invalidated": len(dead)}
