"""Customers: identities, the subject map, relations, tags, consent, personal data."""
