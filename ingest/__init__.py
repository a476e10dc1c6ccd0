"""Cameras to frames to tracks to probes. A client of the matcher."""
