"""What all peers have in common: they are loaded by turns, as our own side is."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from benchmarks.measured import Measured


class PeerFailed(Exception):
    """A peer could not be installed, started or loaded. It is left out, with this reason."""


Turn = Callable[[int, float], Awaitable[Measured]]
"""So many in flight, for so many seconds."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One of them."""

    name: str
    in_flight: int
    """With which it does most."""
    running: AbstractAsyncContextManager[Turn]
    """Starts it, and stops it at the end. Raises PeerFailed."""
