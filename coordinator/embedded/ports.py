"""TCP ports on the loopback address, kept in a file so that a server comes back where its clients look for it."""

import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
# Below the range from which systems take the local ports of outgoing connections: a client that keeps trying to reach
# a stopped server on a port of that range may one day connect to itself, and then the server cannot have it back.
_RANGE = range(15_000, 32_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def kept_ports(file: Path, count: int) -> tuple[int, ...]:
    """The ports of the file if all are free, otherwise new ones, which are written to it."""
    kept = _read(file)
    if len(kept) == count and all(map(is_free, kept)):
        return kept
    chosen = _choose(count)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(" ".join(map(str, chosen)) + "\n")
    return chosen


def _read(file: Path) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in file.read_text().split())
    except (OSError, ValueError):
        return ()


def _choose(count: int) -> tuple[int, ...]:
    candidates = random.sample(_RANGE, k=len(_RANGE))
    free = (port for port in candidates if is_free(port))
    return tuple(next(free) for _ in range(count))
