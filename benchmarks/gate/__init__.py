"""The benchmarks of the same name and those beside it: `python -m benchmarks list`."""
