"""What a worker and the service say to each other, and how it is bounded."""
