"""Keeps a handful of processes running together, and ends them together."""
