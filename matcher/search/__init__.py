"""Searches: identification and verification, their log entries and evidence, and their replay."""
