"""What the connector hears: raw callbacks, and tags to be shown in WeCom."""

from __future__ import annotations

from siyu.connectors.wecom import inbox, receivers, tags
from siyu.facts import api as facts

SOURCES = (facts.InboxSource(prefix=receivers.SOURCE, handle=inbox.handle),)

SUBSCRIPTIONS = (
    facts.Subscription(
        name="wecom.tags",
        facts=frozenset({"customer.tagged", "customer.untagged"}),
        handle=tags.heard,
    ),
)
