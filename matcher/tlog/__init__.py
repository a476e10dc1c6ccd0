"""A transparency log's formats and proofs (C2SP): Merkle tree, tiles, notes, checkpoints, witnesses.

It depends on no database and on no other package of this project.
"""
