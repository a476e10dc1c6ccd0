"""Alerts, their reviews, and matches that were missed."""
