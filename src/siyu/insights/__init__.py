"""What it means: derived and rebuildable, apart from the few authored tables."""
