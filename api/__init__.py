"""The service: HTTP API, dashboard and command line."""
