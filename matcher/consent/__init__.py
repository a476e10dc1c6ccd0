"""Consents, and which references a search may see by them."""
