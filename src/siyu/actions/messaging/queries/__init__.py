"""What reads deliveries."""
