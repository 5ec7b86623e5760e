"""What one turn of the event loop writes leaves in one piece."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from coordinator.api.app import build_app
from coordinator.api.one_write import OneWrite
from coordinator.api.parts import Parts
from coordinator.api.server import HttpServer


class Wire:
    """A transport that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        """See asyncio.Transport."""
        assert not self.closed
        self.sent.append(data)

    def close(self) -> None:
        """See asyncio.Transport."""
        self.closed = True

    def is_closing(self) -> bool:
        """See asyncio.Transport."""
        return self.closed


@pytest.fixture
def wire() -> Wire:
    """Nothing sent yet."""
    return Wire()


async def test_together(wire: Wire) -> None:
    """Head and body go out together; what comes in the next turn does not wait for more."""
    transport = OneWrite(wire, asyncio.get_running_loop())
    transport.write(b"head ")
    transport.write(b"body")
    await asyncio.sleep(0)
    transport.write(b"more")
    await asyncio.sleep(0)
    assert wire.sent == [b"head body", b"more"]


async def test_close(wire: Wire) -> None:
    """What was written before the end is sent, and what is written behind it is not."""
    transport = OneWrite(wire, asyncio.get_running_loop())
    transport.write(b"last words")
    transport.close()
    transport.write(b"too late")
    await asyncio.sleep(0)
    assert (wire.sent, transport.is_closing()) == ([b"last words"], True)


@pytest.fixture
async def server(parts: Parts) -> AsyncIterator[HttpServer]:
    """The real server over sagas in memory."""
    server = HttpServer(build_app(parts), "127.0.0.1", 0, connections=10, stop_s=1)
    await server.start()
    yield server
    await server.stop()


async def test_on_the_wire(server: HttpServer) -> None:
    """Answers of any size come whole, one after another on the same connection, and after a request to close it."""
    async with httpx.AsyncClient(base_url=server.url) as client:
        for number in range(3):
            tea: dict[str, Any] = {"definition": "make_tea", "input": {"kind": f"{number}", "note": "x" * 100_000}}
            started = await client.post("/v1/sagas", json=tea)
            assert started.status_code == 202
            found = await client.get(started.headers["location"], headers={"Connection": "close"} if number else {})
            assert found.json()["input"] == tea["input"]
