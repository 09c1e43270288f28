"""The operators' web app: thin pages that compose the modules below."""
