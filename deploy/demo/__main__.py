"""`python -m deploy.demo --home FOLDER`: serve until SIGTERM or Ctrl-C; the addresses come as one line of JSON."""

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from deploy.demo.commands import SEED, SPEED, serve
from tingchao.errors import TingchaoError


def main() -> int:
    """Exit code 0 after a signal, 2 for a wrong option, 3 for a port that is taken."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.demo", description="The demo site of Tingchao, on loopback."
    )
    parser.add_argument(
        "--home", type=Path, required=True, help="folder that gets watchlist, sources and settings"
    )
    parser.add_argument(
        "--speed", type=float, default=SPEED, help="crisis minutes in a real minute (default 60)"
    )
    parser.add_argument("--seed", type=int, default=SEED, help="another seed, another play (default 1)")
    parser.add_argument("--steady", type=float, default=0, help="no crisis: so many new mentions a second")
    parser.add_argument(
        "--ports", type=_ports, default=None, help="seven ports, parted by commas (default: free ones)"
    )
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with serve(options.home, options.speed, options.seed, options.ports, steady=options.steady) as site:
            print(json.dumps(site.addresses()), flush=True)
            stop.wait()
    except TingchaoError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _ports(text: str) -> list[int]:
    return [int(port) for port in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
