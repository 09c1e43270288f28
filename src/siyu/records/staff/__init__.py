"""The organisation: tree, employees, their history, service accounts, scopes."""
