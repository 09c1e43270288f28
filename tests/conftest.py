"""Fixtures for every test; the database itself is started by tests/plugins/siyu_pytest_postgres.py."""

from tests.browser.fixtures import chromium, site, visitor
from tests.flows.town import town

__all__ = ["chromium", "site", "town", "visitor"]
