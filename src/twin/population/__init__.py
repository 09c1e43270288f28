"""A small population that scans, buys, gives back, leaves and confirms by itself."""
