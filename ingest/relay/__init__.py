"""A camera's stream, fetched from its checked address and served on loopback without its login."""
