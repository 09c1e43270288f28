"""One folder per outside system; they do not know each other."""
