"""What the measurements share: database, processes, load, report."""
