"""What changes customers, a file per use case."""
