"""The command `clearglass`: one file a noun, each a client of `api.service` or of the matcher."""
