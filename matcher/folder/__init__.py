"""A folder that belongs to one process: its lock, who may read it, files that are there whole or not at all."""
