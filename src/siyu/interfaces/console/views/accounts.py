"""Accounts and roles: who may sign in, as what, and within which part of the organisation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from siyu.foundation import api as foundation
from siyu.interfaces.console.audit_details import Reader
from siyu.interfaces.console.scopes import may_grant, role_choices, scope_choices, scope_names
from siyu.interfaces.console.views import params
from siyu.interfaces.ui.api import ADMINS, PlainForm, Visit, rule, see_other, visit
from siyu.kit.errors import BadInput, Denied, NotFound


class AccountForm(PlainForm):
    """One account; the password is kept where the field is left empty."""

    username = forms.CharField(label=gettext_lazy("User name"), max_length=150)
    display_name = forms.CharField(label=gettext_lazy("Shown name"), max_length=100)
    role = forms.ChoiceField(label=gettext_lazy("Role"), help_text=gettext_lazy("Decides which rooms open."))
    scope = forms.ChoiceField(
        label=gettext_lazy("May see"), help_text=gettext_lazy("Holds for pages, exports, jobs and the API.")
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, seen: Visit, new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = self.fields["role"]
        scopes = self.fields["scope"]
        if isinstance(roles, forms.ChoiceField) and isinstance(scopes, forms.ChoiceField):
            roles.choices = role_choices(seen)
            scopes.choices = scope_choices(seen, seen.scope)
        self.fields["password"].required = new
        if not new:
            self.fields["username"].disabled = True
            self.fields["password"].help_text = _("Leave empty to keep the present one.")

    def clean_password(self) -> str:
        """A new password has to pass the installation's validators."""
        password = str(self.cleaned_data.get("password") or "")
        if password:
            validate_password(password)
        return password


def _find(account_id: int) -> foundation.AccountView:
    found = next((one for one in foundation.list_accounts() if one.id == account_id), None)
    if found is None:
        raise NotFound("account.not_found")
    return found


def _to_change(seen: Visit, account_id: int) -> foundation.AccountView:
    found = _find(account_id)
    if not may_grant(seen, found.role, found.scopes):
        raise Denied("account.above", _("This account may do more than you; ask an owner."))
    return found


@rule(roles=ADMINS)
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """All accounts."""
    seen = visit(request)
    names = scope_names(seen)
    rows = [(one, [names.get(scope, scope) for scope in one.scopes]) for one in foundation.list_accounts()]
    return render(request, "console/accounts.html", {"rows": rows, "me": seen.principal.user_id})


@rule(roles=ADMINS)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make an account."""
    seen = visit(request)
    form = AccountForm(request.POST if request.method == "POST" else None, seen=seen, new=True)
    if request.method == "POST" and form.is_valid():
        if any(one.username == form.cleaned_data["username"] for one in foundation.list_accounts()):
            form.add_error("username", _("There is already an account of this name."))
        else:
            _save(seen, form.cleaned_data)
            messages.success(request, _("The account is ready."))
            return see_other(request, reverse("console:accounts"))
    context = {"form": form, "account": None}
    return render(request, "console/account_form.html", context, status=422 if form.errors else 200)


@rule(roles=ADMINS)
@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, account_id: int) -> HttpResponse:
    """Change role, scope, shown name or password of an account."""
    seen = visit(request)
    account = _to_change(seen, account_id)
    start = {
        "username": account.username,
        "display_name": account.display_name,
        "role": account.role.value,
        "scope": account.scopes[0] if account.scopes else "",
    }
    form = AccountForm(
        request.POST if request.method == "POST" else None, seen=seen, new=False, initial=start
    )
    if request.method == "POST" and form.is_valid():
        if account.id == seen.principal.user_id and form.cleaned_data["role"] != account.role.value:
            form.add_error("role", _("You cannot change your own role. Ask another administrator."))
        else:
            _save(seen, form.cleaned_data)
            messages.success(request, _("Saved."))
            return see_other(request, reverse("console:accounts"))
    context = {"form": form, "account": account}
    return render(request, "console/account_form.html", context, status=422 if form.errors else 200)


def _save(seen: Visit, data: dict[str, Any]) -> None:
    foundation.create_account(
        username=data["username"],
        display_name=data["display_name"],
        role=foundation.Role(data["role"]),
        scopes=[data["scope"]],
        password=data["password"] or None,
        at=seen.at,
        by=seen.principal,
    )


@rule(roles=ADMINS)
@require_POST
def switch(request: HttpRequest, account_id: int) -> HttpResponse:
    """Stop an account from signing in, or let it again."""
    seen = visit(request)
    account = _to_change(seen, account_id)
    if account.id == seen.principal.user_id:
        raise BadInput("account.self", _("You cannot stop your own account. Ask another administrator."))
    active = request.POST.get("act") == "start"
    foundation.set_active(account.id, active=active, at=seen.at, by=seen.principal)
    messages.success(
        request, _("The account may sign in again.") if active else _("The account can no longer sign in.")
    )
    return see_other(request, reverse("console:accounts"))


class KeyForm(PlainForm):
    """One API key."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("Which system uses it.")
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), initial=foundation.Role.ANALYST.value)
    scope = forms.ChoiceField(label=gettext_lazy("May see"))

    def __init__(self, *args: Any, seen: Visit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = self.fields["role"]
        scopes = self.fields["scope"]
        if isinstance(roles, forms.ChoiceField) and isinstance(scopes, forms.ChoiceField):
            roles.choices = role_choices(seen)
            scopes.choices = scope_choices(seen, seen.scope)


@rule(roles=ADMINS)
@require_http_methods(["GET", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """All API keys; making one shows its text this once."""
    seen = visit(request)
    form = KeyForm(request.POST if request.method == "POST" else None, seen=seen)
    plaintext = ""
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        role, scopes = foundation.Role(data["role"]), [data["scope"]]
        _key, plaintext = foundation.create_api_key(
            name=data["name"], role=role, scopes=scopes, at=seen.at, by=seen.principal
        )
        form = KeyForm(seen=seen)
    names = scope_names(seen)
    context = {
        "form": form,
        "plaintext": plaintext,
        "rows": [
            (one, [names.get(scope, scope) for scope in one.scopes]) for one in foundation.list_api_keys()
        ],
    }
    return render(request, "console/api_keys.html", context, status=422 if form.errors else 200)


@rule(roles=ADMINS)
@require_POST
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """End a key at once."""
    seen = visit(request)
    foundation.revoke_api_key(key_id, at=seen.at, by=seen.principal)
    messages.success(request, _("The key no longer opens anything."))
    return see_other(request, reverse("console:api-keys"))


AUDITORS = ADMINS | {foundation.Role.COMPLIANCE}


@rule(roles=AUDITORS)
@require_GET
def trail(request: HttpRequest) -> HttpResponse:
    """The audit trail, newest first, of everything or of one kind of thing."""
    seen = visit(request)
    kind = request.GET.get("kind", "").strip()[:40]
    page = foundation.list_audit(object_kind=kind or None, number=params.page_number(request))
    reader = Reader(seen)
    context = {"page": page, "kind": kind, "rows": [reader.tell(one) for one in page.items]}
    return render(request, "console/audit.html", context)
