"""Starter for the PostgreSQL that comes in a wheel: plain Python, no Django."""
