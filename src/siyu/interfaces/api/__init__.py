"""Public REST v1: events in, records and insights out."""
