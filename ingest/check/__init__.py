"""Checks if a camera is fit for recognition, and names what to change."""
