"""The front door of the facts."""

from siyu.facts.events.contracts import (
    CATALOGUE,
    MAX_HOPS,
    SUBSCRIPTIONS,
    TIMELINE,
    DeadFact,
    Fact,
    FactLoop,
    FactType,
    HandleContext,
    NewFact,
    Origin,
    Subscription,
    TimelineEntry,
)
from siyu.facts.events.dispatch import (
    BEFORE_ALL,
    Rounds,
    count_dead,
    drain,
    install_cursors,
    lag,
    list_dead,
    log_head,
    news,
    replay_dead,
    rewind,
    set_aside,
    skip_to_end,
)
from siyu.facts.events.erasing import empty_facts
from siyu.facts.events.log import ANY_OF, ensure_partitions, new_subjects, read, record
from siyu.facts.events.payloads import dump as dump_payload
from siyu.facts.events.payloads import load as load_payload
from siyu.facts.inbox.contracts import SOURCES, InboxContext, InboxCounts, InboxDead, InboxItem, InboxSource
from siyu.facts.inbox.operations import (
    drain_inbox,
    inbox_counts,
    inbox_head,
    inbox_next_due,
    inbox_pending,
    list_inbox_dead,
    receive,
    replay_inbox,
)
from siyu.facts.inbox.together import receive_now

LOG_VIEW = "facts_log"
"""Read-only SQL view of the log for set-based queries of higher modules."""

__all__ = [
    "ANY_OF",
    "BEFORE_ALL",
    "CATALOGUE",
    "LOG_VIEW",
    "MAX_HOPS",
    "SOURCES",
    "SUBSCRIPTIONS",
    "TIMELINE",
    "DeadFact",
    "Fact",
    "FactLoop",
    "FactType",
    "HandleContext",
    "InboxContext",
    "InboxCounts",
    "InboxDead",
    "InboxItem",
    "InboxSource",
    "NewFact",
    "Origin",
    "Rounds",
    "Subscription",
    "TimelineEntry",
    "count_dead",
    "drain",
    "drain_inbox",
    "dump_payload",
    "empty_facts",
    "ensure_partitions",
    "inbox_counts",
    "inbox_head",
    "inbox_next_due",
    "inbox_pending",
    "install_cursors",
    "lag",
    "list_dead",
    "list_inbox_dead",
    "load_payload",
    "log_head",
    "new_subjects",
    "news",
    "read",
    "receive",
    "receive_now",
    "record",
    "replay_dead",
    "replay_inbox",
    "rewind",
    "set_aside",
    "skip_to_end",
]
