"""Enrolling somebody: the pictures, whether they show one person, and whether that one is enrolled already."""
