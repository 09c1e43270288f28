"""What changes deliveries, a file per use case."""
