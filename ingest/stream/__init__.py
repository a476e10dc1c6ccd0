"""A camera's stream: packets, frames, what was lost, and the threads that receive it."""
