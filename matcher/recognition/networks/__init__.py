"""The networks and what surrounds them: from a picture to faces, qualities and vectors."""
