"""Code that every benchmark uses."""
