"""Signed and encrypted events from the simulated WeCom to its applications."""
