"""The messages between a worker and the service, and their limits."""
