"""The service people meet: HTTP API, dashboard and command line."""
