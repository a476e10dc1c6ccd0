"""What a caller can have done, for every door: each checks, does, logs and tells all that belongs to it."""
