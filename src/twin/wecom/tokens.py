"""gettoken and the check of access tokens."""

from __future__ import annotations

from twin.rng import ALNUM
from twin.state import App, Json, Token
from twin.wecom.errors import WecomError
from twin.wecom.registry import Call, Param, Right, endpoint

CALLBACK_ADDRESSES = ["101.226.103.11", "101.226.103.12", "101.226.62.77"]


@endpoint(
    "gettoken",
    Right.ANY,
    Param("corpid", required=True, missing=41002),
    Param("corpsecret", required=True, missing=41004),
    method="GET",
    empty={"access_token": "", "expires_in": 0},
    token=False,
    document=91039,
)
def get_token(call: Call) -> Json:
    """A token for one (company, secret); repeated calls as `settings.token_mode` says."""
    state, settings = call.world.state, call.world.state.settings
    if call.text("corpid") != state.corpid:
        raise WecomError(40013)
    secret = call.text("corpsecret")
    app = next((item for item in state.apps.values() if item.secret == secret), None)
    if app is None:
        raise WecomError(40001)
    mine = {key: token for key, token in state.tokens.items() if token.app == app.key}
    for key, token in mine.items():
        if token.expires_at <= call.now - 86_400:
            del state.tokens[key]
    if settings.token_mode == "same":
        for key, token in mine.items():
            if token.expires_at > call.now + 1:
                return {"access_token": key, "expires_in": int(token.expires_at - call.now)}
    if settings.token_mode == "new_replaces":
        for key in mine:
            state.tokens.pop(key, None)
    fresh = call.world.new_id("access-token", length=214, alphabet=ALNUM + "-_")
    state.tokens[fresh] = Token(app.key, call.now + settings.token_seconds)
    return {"access_token": fresh, "expires_in": settings.token_seconds}


def app_of(tokens: dict[str, Token], apps: dict[str, App], value: str, now: float) -> App:
    """The application that owns a valid token."""
    if not value:
        raise WecomError(41001)
    token = tokens.get(value)
    if token is None:
        raise WecomError(40014)
    if token.expires_at <= now:
        raise WecomError(42001)
    return apps[token.app]


@endpoint("getcallbackip", Right.ANY, method="GET", empty={"ip_list": []}, document=90930)
def callback_addresses(call: Call) -> Json:
    """Addresses that callbacks come from."""
    return {"ip_list": CALLBACK_ADDRESSES}


@endpoint("get_api_domain_ip", Right.ANY, method="GET", empty={"ip_list": []}, document=92520)
def api_addresses(call: Call) -> Json:
    """Addresses of the API itself."""
    return {"ip_list": CALLBACK_ADDRESSES[:1]}
