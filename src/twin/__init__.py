"""A simulated WeCom company and its population; speaks to siyu over HTTP only."""
