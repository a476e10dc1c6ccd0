"""Shards: templates, the index over them, and their scores."""
