"""Probes: the input of a search, and how a picture becomes one."""
