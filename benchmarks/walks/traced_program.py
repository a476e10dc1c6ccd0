"""`python -m benchmarks.walks.traced_program FD ASIDE MODULE …`: runs a module as `python -m` does, under a tracer.

ASIDE: the functions that the tracer ignores, with all that they call, separated by commas. The socket FD receives the
lines `begin` and `end`; the program answers `end` with its counts since `begin`, as one line of JSON.
"""

import json
import runpy
import socket
import sys
import threading
from dataclasses import asdict
from typing import TextIO

from benchmarks.walks.tracer import Tracer

BEGIN, END = "begin", "end"


def main() -> None:
    """Runs the module in this thread; a thread beside it takes the orders."""
    orders = socket.socket(fileno=int(sys.argv[1])).makefile("rw", encoding="utf-8")
    tracer, module = Tracer(aside=sys.argv[2].split(",")), sys.argv[3]
    threading.Thread(target=_obey, args=(orders, tracer), name="orders", daemon=True).start()
    tracer.install()
    sys.argv = sys.argv[3:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _obey(orders: TextIO, tracer: Tracer) -> None:
    for line in orders:
        if line.strip() == BEGIN:
            answer = "{}"
            tracer.begin()
        else:
            answer = json.dumps(asdict(tracer.end()))
        orders.write(answer + "\n")
        orders.flush()


if __name__ == "__main__":
    main()
