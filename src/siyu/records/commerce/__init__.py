"""Orders, lines, refunds and the catalogue they speak of."""
