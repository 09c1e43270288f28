"""What reads customers, a file per subject."""
