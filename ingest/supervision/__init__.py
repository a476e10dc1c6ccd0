"""Keeps the workers running, searches for their sightings, and notifies observers."""
