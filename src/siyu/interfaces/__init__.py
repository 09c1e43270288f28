"""Who speaks to us: console, workbench, portal, API."""
