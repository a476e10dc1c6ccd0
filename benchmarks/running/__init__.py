"""Runs benchmarks by name, and reports their records."""
