"""Whether a camera is fit for recognition, and what to change."""
