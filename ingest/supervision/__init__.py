"""What keeps the workers alive, searches for what they saw, and tells of it."""
