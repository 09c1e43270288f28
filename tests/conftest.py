"""Fixtures for every test; the database itself is started by tests/plugins/siyu_pytest_postgres.py."""
