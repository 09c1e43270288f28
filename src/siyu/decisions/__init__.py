"""What to do, for whom and when."""
