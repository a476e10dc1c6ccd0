"""Version 1 of entries, as logs hold them: nothing here is changed any more, and nothing is written by it."""
