"""What it means: derived and rebuildable from facts and records."""
