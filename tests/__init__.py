"""Tests, room by room as the code; a package, so that child processes and mypy find its modules by name."""
