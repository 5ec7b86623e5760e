"""Stands between a client and a server, and can stop handing on, or cut."""

import asyncio
from types import TracebackType
from typing import Self


class LossyProxy:
    """A TCP proxy whose answers can be lost."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self.answers_lost = asyncio.Event()
        """The server has answered something that was swallowed."""
        self.swallow = False
        """While set, what the server sends is not handed on."""
        self.cut_on_swallow = False
        """With ``swallow``: the connection is cut at the first answer that is lost."""

    @property
    def port(self) -> int:
        """Where to connect to instead, on 127.0.0.1."""
        assert self._server is not None
        return self._server.sockets[0].getsockname()[1]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Resets all connections, on both sides."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(*self._target)
        self._writers += [writer, to_server]
        try:
            await asyncio.gather(self._hand_on(reader, to_server, False), self._hand_on(from_server, writer, True))
        except OSError:
            writer.transport.abort()
            to_server.transport.abort()

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: bool) -> None:
        while data := await reader.read(65536):
            if answers and self.swallow:
                self.answers_lost.set()
                if self.cut_on_swallow:
                    self.cut()
                continue
            writer.write(data)
            await writer.drain()
        writer.transport.abort()
