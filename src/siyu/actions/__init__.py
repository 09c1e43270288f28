"""Doing it: messages, staff tasks, effects; each leaves facts."""
