"""Running benchmarks by name, and reporting what they wrote."""
