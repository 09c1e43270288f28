"""One folder per outside system, all alike, independent of each other."""
