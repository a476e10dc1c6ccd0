"""A camera: its settings, its address, the shape of its picture, its health."""
