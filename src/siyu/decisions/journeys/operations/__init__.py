"""What changes journeys, a file per use case."""
