"""What every benchmark shares: running, recording, reporting."""
