"""A transparency log's formats and proofs (C2SP): Merkle tree, tiles, notes, checkpoints, witnesses.

Nothing here knows of faces, or of a database.
"""
