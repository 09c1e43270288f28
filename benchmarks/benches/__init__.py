"""One small file for each measurement; each has ``run(stage) -> list[Row]``."""
