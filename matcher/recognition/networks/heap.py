"""The C library's heap: what loading a network used, and freed, need not stay with the process."""

import ctypes


def give_back() -> None:
    """Returns freed memory to the system, where the C library can: glibc keeps it in case it is asked for again."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
