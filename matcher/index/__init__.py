"""Indexes of vectors: the protocols, and their implementations."""
