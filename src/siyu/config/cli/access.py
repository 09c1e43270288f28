"""``siyu apikey`` and ``siyu account``."""

from __future__ import annotations

import argparse
import getpass
import sys

from siyu.config.cli_language import _
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.kit.errors import SiyuError


def _role(name: str) -> foundation.Role | None:
    try:
        return foundation.Role(name)
    except ValueError:
        known = ", ".join(role.value for role in foundation.Role)
        print(
            _("No role is called %(name)s. Roles: %(known)s") % {"name": name, "known": known},
            file=sys.stderr,
        )
        return None


def create_key(options: argparse.Namespace) -> int:
    """Make an API key and show it, this once."""
    role = _role(options.role)
    if role is None:
        return 2
    with foundation.transaction():
        view, plaintext = foundation.create_api_key(
            name=options.name,
            role=role,
            scopes=options.scope or [foundation.SCOPE_ALL],
            at=clock.business_now(),
            by=foundation.SYSTEM,
        )
    print(_("Key %(id)s for %(name)s. It is not shown again:") % {"id": view.id, "name": options.name})
    print(plaintext)
    return 0


def list_keys(_options: argparse.Namespace) -> int:
    """All keys without their secret part."""
    for key in foundation.list_api_keys():
        ended = _("ended") if key.revoked_at else ""
        print(f"{key.id}\t{key.prefix}…\t{key.role.value}\t{','.join(key.scopes)}\t{key.name}\t{ended}")
    return 0


def revoke_key(options: argparse.Namespace) -> int:
    """End a key."""
    try:
        with foundation.transaction():
            foundation.revoke_api_key(options.id, at=clock.business_now(), by=foundation.SYSTEM)
    except SiyuError:
        print(
            _("There is no live key %(id)s. List them: siyu apikey list") % {"id": options.id},
            file=sys.stderr,
        )
        return 1
    print(_("Key %(id)s has ended.") % {"id": options.id})
    return 0


def create_person(options: argparse.Namespace) -> int:
    """Make an account; the password is typed twice, or read from a pipe."""
    role = _role(options.role)
    if role is None:
        return 2
    if foundation.account_for_username(options.username) is not None:
        text = _("The account %(name)s exists; to change its password: siyu changepassword %(name)s")
        print(text % {"name": options.username}, file=sys.stderr)
        return 1
    if sys.stdin.isatty():
        password = getpass.getpass(_("Password: "))
        if password != getpass.getpass(_("Once more: ")):
            print(_("The two passwords differ; nothing was made."), file=sys.stderr)
            return 2
    else:
        password = sys.stdin.readline().rstrip("\n")
    if len(password) < 8:
        print(_("A password needs at least 8 characters; nothing was made."), file=sys.stderr)
        return 2
    with foundation.transaction():
        foundation.create_account(
            username=options.username,
            display_name=options.name or options.username,
            role=role,
            scopes=options.scope or [foundation.SCOPE_ALL],
            password=password,
            at=clock.business_now(),
            by=foundation.SYSTEM,
        )
    print(_("Account %(name)s made.") % {"name": options.username})
    return 0
