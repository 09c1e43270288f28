"""HTTP: the server, the control API and the page for playing a customer."""
