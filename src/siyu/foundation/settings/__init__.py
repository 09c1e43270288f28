"""Typed and dated settings."""
