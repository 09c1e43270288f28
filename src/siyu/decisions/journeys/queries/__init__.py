"""What reads journeys."""
