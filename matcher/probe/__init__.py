"""Probes: what is searched for, and how a picture becomes one."""
