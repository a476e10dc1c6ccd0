"""The callback by which long work reports its progress."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with the amount done and the total: entries that are checked, files that are written."""
