"""Put a tag on, take it off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from siyu.actions.effects.contracts import EffectItem, EffectResult, EffectStatus, Field, FieldKind, Text
from siyu.actions.effects.rules import check_fields
from siyu.records.customers import api as customers

SOURCE = "actions_effects"
FIELDS: Sequence[Field] = (Field("tag", _("Tag"), FieldKind.TAG, max_length=30),)


class TagEffect:
    """Tagging is a state, so doing it again changes nothing."""

    def __init__(self, name: str, label: Text, *, remove: bool) -> None:
        self.name = name
        self.label = label
        self.fields = FIELDS
        self._remove = remove

    def validate(self, params: Mapping[str, Any]) -> Mapping[str, Text]:
        """A tag name."""
        return check_fields(self.fields, params)

    def promotional(self, params: Mapping[str, Any]) -> bool:
        """Nobody notices a tag."""
        return False

    def apply(self, items: Sequence[EffectItem], *, at: datetime) -> Sequence[EffectResult]:
        """Tag (untag) all in one call; each customer's change names the fact that caused it."""
        change = customers.untag if self._remove else customers.tag
        causes = {item.customer_id: item.cause for item in items if item.cause is not None}
        change(
            [item.customer_id for item in items], items[0].params["tag"], at=at, source=SOURCE, cause=causes
        )
        return [EffectResult(item.key, EffectStatus.DONE, ref=f"tag:{item.params['tag']}") for item in items]
