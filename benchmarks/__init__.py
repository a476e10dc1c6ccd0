"""Data sets, protocols, measurements: everything behind a number that is shown to people."""
