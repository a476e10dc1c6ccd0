"""A camera: its settings, its address, how its picture hangs, how it does."""
