"""The door to ONNX Runtime."""

import os
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

Floats = NDArray[np.float32]

ARENA = 256 << 20
"""Bytes of addresses that the networks' memory has at first. Only what is used of them takes memory."""


class Session:
    """A network ready to run on the CPU, put together here or as a file has it. Safe to call from several threads."""

    def __init__(self, model: "onnx.ModelProto | bytes", *, threads: int) -> None:
        # ONNX Runtime reports its use to its maker unless this is set before it is loaded. Nothing leaves this machine.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime

        _share_memory()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # An idle thread that spins would eat the core that another camera needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # A plan of memory for each shape of batch takes a sixth more, and all of it only when every shape came twice.
        options.enable_mem_pattern = False
        options.add_session_config_entry("session.use_env_allocators", "1")
        self._session: Any = onnxruntime.InferenceSession(
            model if isinstance(model, bytes) else model.SerializeToString(),
            options,
            providers=["CPUExecutionProvider"],
        )
        self._input: str = self._session.get_inputs()[0].name
        self.outputs: tuple[str, ...] = tuple(output.name for output in self._session.get_outputs())

    def run(self, batch: Floats | NDArray[np.uint8]) -> Sequence[Floats]:
        """Every output of the network, in the order of `outputs`. batch: of the type the network begins with."""
        result: Sequence[Floats] = self._session.run(None, {self._input: batch})
        return result


@cache
def _share_memory() -> None:
    """One arena for all networks of this process, which takes a large region of addresses and touches what it needs.

    By default each network has one of its own, of many small regions that do not fit what comes next: the service then
    holds 60 MB more, and grows by 30 to 60 MB with large pictures.
    """
    import onnxruntime

    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    no_limit, doubled, default = 0, 0, -1
    onnxruntime.create_and_register_allocator(place, onnxruntime.OrtArenaCfg(no_limit, doubled, ARENA, default))
