"""The use cases for every interface: each checks, acts, logs and notifies completely."""
