"""An answer leaves in one piece: uvicorn writes its head and its body one after the other, a system call each."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class OneWriteProtocol(HttpToolsProtocol):
    """uvicorn's protocol, over a transport that sends once for each turn of the event loop."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        assert self.loop is not None
        super().connection_made(OneWrite(transport, self.loop))


class OneWrite(asyncio.Transport):
    """What is written in one turn of the event loop goes out together, at the end of the turn."""

    __slots__ = ("_loop", "_transport", "_written")

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        """``transport`` is an asyncio.Transport; those of uvloop are no instances of it."""
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._written: list[bytes] = []

    def write(self, data: Any) -> None:
        """See asyncio.WriteTransport."""
        if not self._written:
            self._loop.call_soon(self._send)
        self._written.append(data)

    def close(self) -> None:
        """See asyncio.BaseTransport. What was written is still sent."""
        self._send()
        self._transport.close()

    def is_closing(self) -> bool:
        """See asyncio.BaseTransport."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """See asyncio.BaseTransport."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """See asyncio.ReadTransport."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """See asyncio.ReadTransport."""
        self._transport.resume_reading()

    def _send(self) -> None:
        if self._written and not self._transport.is_closing():
            self._transport.write(b"".join(self._written))
        self._written.clear()
