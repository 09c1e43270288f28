"""Puts the house together: settings, URLs, discovery, worker, command line."""
