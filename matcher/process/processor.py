"""The instructions of an x86-64 processor that the prebuilt packages need: without them the process ends by SIGILL,
without a message.

Tried with each package under QEMU's processor models, packages as in requirements.lock of December 2026: NumPy says at
its import that it needs x86-64-v2 (Penryn lacks it, Nehalem has it); dlib needs AVX (Nehalem lacks it, Sandy Bridge has
it, and runs the whole recognition, without AVX2). ONNX Runtime, FAISS, OpenCV, PyAV and libheif select their code at
run time. Virtual machines often show less than their host has.
"""

import platform
from pathlib import Path
from typing import ClassVar

from matcher.errors import ClearglassError

CPUINFO = Path("/proc/cpuinfo")

_NEEDED = ("ssse3", "sse4_1", "sse4_2", "popcnt", "cx16", "avx")
"""Instruction sets, as /proc/cpuinfo of Linux names them."""


class ProcessorError(ClearglassError):
    """The processor lacks instructions that the prebuilt packages use."""

    code: ClassVar[str] = "processor"

    def __init__(self, lacking: tuple[str, ...]) -> None:
        super().__init__(
            f"This processor cannot recognise faces: it lacks {', '.join(one.upper() for one in lacking)}, and the "
            "prebuilt packages (NumPy, dlib) would end the process.",
            remedy="Use an x86-64 processor of 2011 or later (AVX). In a virtual machine show it the host's processor: "
            "-cpu host (QEMU), cputype host (Proxmox).",
        )


def lacking(cpuinfo: str) -> tuple[str, ...]:
    """The missing instruction sets, by the text of /proc/cpuinfo; empty if it lists no flags of an x86-64 processor."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            flags = set(value.split())
            return tuple(needed for needed in _NEEDED if needed not in flags)
    return ()


def require_processor(cpuinfo: Path = CPUINFO) -> str:
    """The processor's name. Raises ProcessorError; an unknown processor passes."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.machine()
    missing = lacking(text)
    if missing:
        raise ProcessorError(missing)
    named = (line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name"))
    return next(named, platform.machine())
