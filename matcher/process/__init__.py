"""Processes of ours: how a child is started, what it may still do, and what the processor must be able to."""
