"""What reads orders, a file per subject."""
