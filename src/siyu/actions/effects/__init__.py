"""What a step can do, as a typed registry."""
