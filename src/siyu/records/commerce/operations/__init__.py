"""What changes orders, a file per use case."""
