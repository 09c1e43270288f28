"""What happened: the log of facts and the raw inbox."""
