"""Stands between one process and one server, and treats what passes as a bad network would."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Literal

from tests.chaos.pace import slowly_between

Trouble = Literal["delay", "hold", "drop", "cut", "lose_answers", "lose_commits"]
"""What is done to what passes.

``delay``: each piece waits for a while. ``hold``: nothing passes, and all of it does afterwards, as when a cable was
out for a moment. ``drop``: it is swallowed, both ways; nobody is told before the end, when the connections are reset.
``cut``: connections are reset, and new ones are as long as it lasts. ``lose_answers``: the server hears everything, and
at its next answer the connection is reset instead. ``lose_commits``: the same, of answers to a COMMIT only.
"""
_PIECE = 65536
_DELAY_S = (0.02, 0.2)


class _Link:
    """One connection, from its client to the server."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client, self.server = client, server
        self.holed = False
        """Something of it was swallowed: it can only be reset."""
        self.committing = False
        """The server was just sent a COMMIT."""

    def reset(self) -> None:
        self.client.transport.abort()
        self.server.transport.abort()


class Proxy:
    """A TCP proxy on a port of 127.0.0.1 that can be told to do harm."""

    def __init__(self, target: Callable[[], int], random: Random, port: int = 0) -> None:
        """``target`` gives the server's port on 127.0.0.1; 0 takes a free one for the proxy itself."""
        self._target = target
        self._random = random
        self._wanted = port
        self._server: asyncio.Server | None = None
        self._links: set[_Link] = set()
        self._trouble: Trouble | None = None
        self._healed = asyncio.Event()
        self._healed.set()
        self.hits = 0
        """How many pieces and connections came to harm so far."""

    @property
    def port(self) -> int:
        """Where to connect to instead."""
        assert self._server is not None, "a proxy is opened before it is used"
        return self._server.sockets[0].getsockname()[1]

    async def open(self) -> None:
        """From here on it listens."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._wanted)

    def close(self) -> None:
        """Resets what is there and listens no more."""
        self.heal()
        if self._server is not None:
            self._server.close()
        for link in self._links:
            link.reset()

    def harm(self, trouble: Trouble) -> None:
        """Does this to everything, until it is healed."""
        self.heal()
        self._trouble = trouble
        self._healed.clear()
        if trouble == "cut":
            self.hits += len(self._links)
            for link in self._links:
                link.reset()

    def heal(self) -> None:
        """All passes again; connections that lost something are reset."""
        self._trouble = None
        self._healed.set()
        for link in self._links:
            if link.holed:
                link.reset()

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        if self._trouble == "cut":
            self.hits += 1
            client.transport.abort()
            return
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self._target())
        except OSError:
            client.transport.abort()
            return
        link = _Link(client, server)
        self._links.add(link)
        try:
            await asyncio.gather(self._hand_on(reader, server, link, False), self._hand_on(answers, client, link, True))
        except (OSError, RuntimeError):
            pass  # uvloop raises RuntimeError for what was reset meanwhile.
        finally:
            link.reset()
            self._links.discard(link)

    async def _hand_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: _Link, answer: bool
    ) -> None:
        while data := await reader.read(_PIECE):
            if not answer:
                link.committing = b"COMMIT" in data
            if await self._passes(link, answer):
                writer.write(data)
                await writer.drain()
        writer.transport.abort() if link.holed else writer.close()

    async def _passes(self, link: _Link, answer: bool) -> bool:
        """Whether this piece is to be handed on, after whatever is done to it."""
        match self._trouble:
            case None:
                return not link.holed
            case "cut":
                return False
            case "delay":
                self.hits += 1
                await slowly_between(self._random, *_DELAY_S)
                return not link.holed
            case "hold":
                self.hits += 1
                await self._healed.wait()
                return not link.holed
            case "drop":
                self.hits += 1
                link.holed = True
                return False
            case "lose_answers" | "lose_commits" as trouble:
                lost = answer and (trouble == "lose_answers" or link.committing)
                if lost:
                    self.hits += 1
                    link.holed = True
                    link.reset()
                return not lost
