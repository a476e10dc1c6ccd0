"""The process that analyses one camera."""
