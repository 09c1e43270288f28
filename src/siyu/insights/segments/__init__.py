"""Rule trees over customers, their members and why each is in."""
