"""What is made of a frame: faces, tracks, passages, samples."""
