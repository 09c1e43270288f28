"""Who did what to what, and when; rows that are only ever added."""
