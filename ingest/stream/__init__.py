"""A camera's stream: packets, frames, losses, and the threads that receive it."""
