"""A service that only searches, to be killed and have its disk fail.

Run by `python -m tests.matcher.log.searcher FOLDER CLIENTS [SEARCHES]`.

Tells of each search that was answered, and of each that was refused, by a line of its own on standard output.
"""

import os
import sys
import threading
from itertools import count
from pathlib import Path

from matcher.clock import system_clock
from matcher.errors import ClearglassError
from tests.matcher.stub import World


def main(folder: str, clients: str, searches: str | None = None) -> None:
    world = World(Path(folder), clock=system_clock)
    with world.open() as matcher:
        probe = world.probe(matcher, 1)

        def search() -> None:
            for _ in count() if searches is None else range(int(searches)):
                try:
                    answer = matcher.identifier.identify(probe, world.query())
                    line = f"answered {answer.request_index} {answer.outcome_index}\n"
                except ClearglassError as error:
                    line = f"refused {error.code}\n"
                os.write(1, line.encode())

        threads = [threading.Thread(target=search) for _ in range(int(clients))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
