"""What every route shares: the guard, errors, limits, uploads, headers."""
