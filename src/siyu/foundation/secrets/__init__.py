"""Encryption at rest, keyed hashes and signed links, all from one installation key."""
