"""Who may sign in: people's accounts, roles, opaque scopes and API keys."""
