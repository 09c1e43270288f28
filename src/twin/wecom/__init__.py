"""The simulated WeCom API under /cgi-bin/, one file per area."""

from twin.wecom import (
    contact_ways,
    contacts,
    customers,
    mass,
    media,
    messages,
    tags,
    tokens,
    welcome,
)

AREAS = (tokens, contacts, customers, contact_ways, tags, welcome, mass, messages, media)
