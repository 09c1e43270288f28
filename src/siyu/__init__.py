"""siyu: a self-hosted platform for a brand's private domain (私域)."""
