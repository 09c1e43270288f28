"""The simulated company: organisation, names, goods and what happened before the start."""
