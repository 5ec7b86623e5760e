"""A lean HTTP client: what generates the load shares the machine with what is loaded, so it must cost little."""

import asyncio
from collections.abc import Mapping
from typing import cast
from urllib.parse import urlsplit

import httptools

JSON = {"Content-Type": "application/json"}


class ConnectionBroke(Exception):
    """The server went away in the middle of an exchange."""


class Connections:
    """Kept-alive connections to one server, as many as there are requests at once. Redirects and TLS are not known."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        assert address.hostname is not None, f"{url} has no host."
        self._host, self._port = address.hostname, address.port or 80
        self._authority = address.netloc
        self._idle: list[_Connection] = []

    async def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = JSON
    ) -> tuple[int, bytes]:
        """Status and body of the answer. Raises ConnectionBroke, OSError."""
        return await self.send(self.head(method, path, headers), body)

    def head(self, method: str, path: str, headers: Mapping[str, str] = JSON) -> bytes:
        """What stands before the length of a request's body: made once for many requests."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{method} {path} HTTP/1.1\r\nHost: {self._authority}\r\n{lines}Content-Length: ".encode()

    async def send(self, head: bytes, body: bytes) -> tuple[int, bytes]:
        """One request; see ``request``. One that met a connection which the server had closed meanwhile is sent again:
        only send what may come twice."""
        request = b"%b%d\r\n\r\n%b" % (head, len(body), body)
        while self._idle:
            connection = self._idle.pop()
            if connection.open:
                try:
                    return await self._exchange(connection, request)
                except ConnectionBroke:
                    continue
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, self._host, self._port)
        return await self._exchange(connection, request)

    async def _exchange(self, connection: "_Connection", request: bytes) -> tuple[int, bytes]:
        answer = await connection.exchange(request)
        if connection.open:
            self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Closes those that nobody uses."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self.open = False
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._body: list[bytes] = []
        self._loop = asyncio.get_running_loop()

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Status and body. Raises ConnectionBroke."""
        self._answer = self._loop.create_future()
        self._transport.write(request)
        try:
            return await self._answer
        except asyncio.CancelledError:
            self.close()
            raise

    def close(self) -> None:
        self.open = False
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.open = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.connection_lost(error)
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionBroke(f"The server closed the connection ({exc or 'no reason'})."))

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        body = b"".join(self._body)
        self._body.clear()
        self.open = self.open and self._parser.should_keep_alive()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), body))
