"""The log of facts, its catalogue, and the subscriptions that read it."""
