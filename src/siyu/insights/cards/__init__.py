"""One wide row per customer, for lists, filters and segments."""
