"""The few defined numbers of the day."""
