"""Give points from the budget account of whoever owns the step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from siyu.actions.effects.contracts import EffectItem, EffectResult, EffectStatus, Field, FieldKind, Text
from siyu.actions.effects.rules import check_fields
from siyu.records.ledger import api as ledger

KIND = "campaign_gift"


class PointsEffect:
    """A keyed transfer: campaign account → customer."""

    name = "points"
    label: Text = _("Give points")
    fields: Sequence[Field] = (
        Field("amount", _("Points"), FieldKind.NUMBER, minimum=1, maximum=100_000),
        Field("memo", _("Shown to the customer as"), FieldKind.LINE, required=False, max_length=60),
    )

    def validate(self, params: Mapping[str, Any]) -> Mapping[str, Text]:
        """A positive whole number of points."""
        return check_fields(self.fields, params)

    def promotional(self, params: Mapping[str, Any]) -> bool:
        """A thank-you; a step may ask for a hold-out by itself."""
        return False

    def apply(self, items: Sequence[EffectItem], *, at: datetime) -> Sequence[EffectResult]:
        """Post one transfer each; the key makes it once, whoever retries."""
        specs = []
        for item in items:
            amount = int(item.params["amount"])
            giver = ledger.campaign_account(item.owner_kind or "campaign", item.owner_id)
            specs.append(
                ledger.TransferSpec(
                    key=item.key,
                    kind=KIND,
                    legs=((giver, -amount), (ledger.customer_account(item.customer_id), amount)),
                    at=at,
                    memo=str(item.params.get("memo") or ""),
                    cause=item.cause,
                )
            )
        return [
            EffectResult(posted.key, EffectStatus.DONE, ref=f"transfer:{posted.transfer_id}")
            if posted.ok
            else EffectResult(posted.key, EffectStatus.SKIPPED, reason=posted.status.value)
            for posted in ledger.post(specs)
        ]
