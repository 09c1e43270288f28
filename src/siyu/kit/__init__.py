"""Plain Python that every other part may use: no Django, no domain."""
