"""Real RTSP and HTTP servers that show a film, and make trouble when asked."""
