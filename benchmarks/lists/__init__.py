"""The benchmark of the same name: `python -m benchmarks list`."""
