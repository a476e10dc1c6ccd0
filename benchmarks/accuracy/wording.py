"""Formats rates and their intervals for people."""

NOTHING_CLAIMED = "nothing is claimed"
"""Replaces a rate that has too few data."""


def rate_text(fnmr: float, low: float, high: float) -> str:
    """A rate with its interval."""
    return f"{fnmr:.4f} {interval_text(low, high)}"


def interval_text(low: float, high: float, *, percent: bool = False) -> str:
    """An interval of rates."""
    return f"[{low:.2%}, {high:.2%}]" if percent else f"[{low:.4f}, {high:.4f}]"


def small_rate_text(rate: float, low: float, high: float) -> str:
    """A rate far below one, with its interval."""
    return f"{rate:.2e} [{low:.1e}, {high:.1e}]"
