"""Journeys: one engine for all SOPs."""
