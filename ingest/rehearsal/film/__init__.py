"""Scenes with known truth, as video files."""
