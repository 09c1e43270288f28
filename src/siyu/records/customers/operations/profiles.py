"""Names and pictures: edited by a person, or told by a source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput, NotFound
from siyu.records.customers import rules
from siyu.records.customers.contracts import OWNER, CustomerUpdated, ProfileSpec
from siyu.records.customers.queries.map import anchors_of, current_ids
from siyu.records.customers.queries.scope import in_scope
from siyu.records.staff.contracts import Scope

GENDERS = ("", "male", "female")
_FIELDS = ("name", "avatar", "gender")

_UPDATE = """
UPDATE records_customers_customer c
SET name = coalesce(n.name, c.name), avatar = coalesce(n.avatar, c.avatar), gender = coalesce(n.gender, c.gender)
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS n(id, name, avatar, gender),
     records_customers_customer old
WHERE c.id = n.id AND old.id = n.id AND c.erased_at IS NULL
  AND (coalesce(n.name, c.name), coalesce(n.avatar, c.avatar), coalesce(n.gender, c.gender))
      IS DISTINCT FROM (c.name, c.avatar, c.gender)
RETURNING c.id, c.name <> old.name, c.avatar <> old.avatar, c.gender <> old.gender,
          concat_ws('|', c.name, c.avatar, c.gender)
"""


def update_profile(
    customer_id: int,
    *,
    scope: Scope,
    at: datetime,
    by: foundation.Principal,
    name: str | None = None,
    gender: str | None = None,
    avatar: str | None = None,
) -> None:
    """A member of staff edits a profile; None leaves a field as it is.

    Raises NotFound when unknown or out of scope, BadInput for a name that is empty, has control
    characters or is longer than 64 characters (what a person types is refused, not cut).
    """
    if customer_id not in in_scope([customer_id], scope):
        raise NotFound("customer.not_found", _("There is no such customer."))
    if name is not None:
        name = name.strip()
        if not name:
            raise BadInput("name.empty", _("Enter a name."))
        if len(name) > rules.NAME_LIMIT:
            raise BadInput(
                "name.too_long", _("A name has at most %(limit)s characters."), limit=rules.NAME_LIMIT
            )
        if rules.clean_name(name) != name:
            raise BadInput("name.characters", _("The name holds characters that cannot be shown."))
    if gender is not None and gender not in GENDERS:
        raise BadInput("gender.unknown", _("Choose one of the listed values."))
    root = current_ids([customer_id])[customer_id]
    fields = _write([ProfileSpec(root, name=name, avatar=avatar, gender=gender)], at=at, origin=None)
    if fields:
        foundation.audit(by, "customer.updated", "customer", root, {"fields": fields[0]}, at=at)


def update_profiles(
    specs: Sequence[ProfileSpec], *, at: datetime, source: str, origin: facts.Origin | None = None
) -> int:
    """A source tells profiles; returns how many customers changed. The last spec of a customer counts.

    What comes from outside is not refused for its length: names lose control characters and are cut to
    64 characters, never inside an emoji; pictures that are no short http(s) address are dropped.
    """
    roots = current_ids(spec.customer_id for spec in specs)
    fitted = {
        roots[spec.customer_id]: ProfileSpec(
            roots[spec.customer_id],
            name=rules.cut_name(spec.name) if spec.name is not None else None,
            avatar=_picture(spec.avatar),
            gender=spec.gender if spec.gender in GENDERS else None,
        )
        for spec in specs
        if spec.customer_id in roots
    }
    return len(_write(list(fitted.values()), at=at, origin=origin))


def _picture(address: str | None) -> str | None:
    if address is None or len(address) > 500 or not address.startswith(("http://", "https://")):
        return None
    return address


def _write(
    specs: Sequence[ProfileSpec], *, at: datetime, origin: facts.Origin | None
) -> list[tuple[str, ...]]:
    """Write what differs and record customer.updated; the changed fields per changed customer."""
    rows = foundation.fetch(
        _UPDATE,
        [
            foundation.array(spec.customer_id for spec in specs),
            foundation.array(spec.name for spec in specs),
            foundation.array(spec.avatar for spec in specs),
            foundation.array(spec.gender for spec in specs),
        ],
    )
    changed = {
        row[0]: tuple(field for field, differs in zip(_FIELDS, row[1:4], strict=True) if differs)
        for row in rows
    }
    states = {row[0]: foundation.keyed_hash(row[4], "profile").hex() for row in rows}
    anchors = anchors_of(changed)
    facts.record(
        [
            facts.NewFact(
                name="customer.updated",
                payload=CustomerUpdated(customer, fields),
                occurred_at=at,
                subject_id=anchors[customer],
                source=OWNER,
                external_id=f"customer:{customer}:updated:{at.isoformat()}:{states[customer]}",
                origin=origin,
            )
            for customer, fields in changed.items()
        ],
        at=at,
    )
    return list(changed.values())
