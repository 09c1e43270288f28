"""Pure rules of journeys: definitions and waiting times."""
