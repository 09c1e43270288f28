"""The front door of messaging."""

from siyu.actions.messaging.contracts import (
    Attachment,
    Channel,
    Content,
    DeliveryFilter,
    DeliverySpec,
    DeliveryState,
    DeliveryView,
    Outcome,
    PurposeCounts,
    Queued,
    Result,
    SendItem,
    SendReport,
    Unclear,
)
from siyu.actions.messaging.operations.outcomes import record_outcomes
from siyu.actions.messaging.operations.queue import queue
from siyu.actions.messaging.operations.resolve import poll, resolve_unclear
from siyu.actions.messaging.operations.send import send_due
from siyu.actions.messaging.operations.withdraw import (
    CancelReport,
    ask_again,
    cancel,
    cancel_purpose,
    recheck,
    remind,
)
from siyu.actions.messaging.queries.counts import (
    counts_by_purpose,
    counts_by_state,
    next_to_ask,
    next_to_send,
    to_ask,
    to_send,
)
from siyu.actions.messaging.queries.lists import deliveries, get_delivery, ids_by_ref, visible_ids
from siyu.actions.messaging.registry import CHANNELS
from siyu.actions.messaging.texts import STATE_LABELS

__all__ = [
    "CHANNELS",
    "STATE_LABELS",
    "Attachment",
    "CancelReport",
    "Channel",
    "Content",
    "DeliveryFilter",
    "DeliverySpec",
    "DeliveryState",
    "DeliveryView",
    "Outcome",
    "PurposeCounts",
    "Queued",
    "Result",
    "SendItem",
    "SendReport",
    "Unclear",
    "ask_again",
    "cancel",
    "cancel_purpose",
    "counts_by_purpose",
    "counts_by_state",
    "deliveries",
    "get_delivery",
    "ids_by_ref",
    "next_to_ask",
    "next_to_send",
    "poll",
    "queue",
    "recheck",
    "record_outcomes",
    "remind",
    "resolve_unclear",
    "send_due",
    "to_ask",
    "to_send",
    "visible_ids",
]
