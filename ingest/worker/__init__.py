"""The process that looks at one camera."""
