"""What the outside world sent, raw and exactly once, before anybody understands it."""
