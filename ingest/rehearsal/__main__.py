"""`python -m ingest.rehearsal FILE… [--port N]`: serves files as endless RTSP cameras until interrupted."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from ingest.rehearsal.server.rtsp_server import RtspServer
from ingest.rehearsal.server.trouble import Protocol, described
from matcher.errors import ClearglassError


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints one address a file and serves until SIGINT or SIGTERM; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ingest.rehearsal",
        description=__doc__,
        epilog=f"The query of an address asks for trouble, as ?slow=2&loss=0.01 does:\n{described(Protocol.RTSP)}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="H.264 or H.265 in MP4 or Matroska")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8554, help="0 takes a free one (default: 8554)")
    options = parser.parse_args(arguments)
    server = RtspServer({file.stem: file for file in options.files}, host=options.host, port=options.port)
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    try:
        server.start()
    except ClearglassError as error:
        print(error, file=sys.stderr)
        return 1
    for file in options.files:
        print(server.url(file.stem), flush=True)
    signal.sigwait(ends)
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
