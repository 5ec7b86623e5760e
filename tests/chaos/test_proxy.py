"""The fault proxy does what it is told, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from tests.chaos.proxy import Proxy

_SILENCE_S = 0.3
"""Long enough for an answer on this machine that is not held back."""


class Echo:
    """A server that answers each line with the same line, and remembers what it heard."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        while line := await reader.readline():
            self.heard.append(line)
            writer.write(line)
        writer.close()


class Client:
    """A connection through the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answer(self, line: bytes) -> bytes:
        """To this line; nothing when the connection is reset or closed."""
        try:
            self.writer.write(line)
            return await self.reader.readline()
        except ConnectionError:
            return b""


@pytest.fixture
def echo() -> Echo:
    """The server."""
    return Echo()


@pytest.fixture
async def proxy(echo: Echo) -> AsyncIterator[Proxy]:
    """In front of it."""
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    proxy = Proxy(lambda: server.sockets[0].getsockname()[1], Random(1))
    await proxy.open()
    yield proxy
    proxy.close()
    server.close()


async def client(proxy: Proxy) -> Client:
    return Client(*await asyncio.open_connection("127.0.0.1", proxy.port))


async def test_all_passes_without_trouble(proxy: Proxy) -> None:
    """In both directions, and no harm is counted."""
    assert await (await client(proxy)).answer(b"hello\n") == b"hello\n"
    assert proxy.hits == 0


async def test_delayed_pieces_arrive(proxy: Proxy) -> None:
    """Later, and whole."""
    here = await client(proxy)
    proxy.harm("delay")
    assert await here.answer(b"hello\n") == b"hello\n"
    assert proxy.hits >= 2


async def test_what_is_held_comes_when_it_is_healed(proxy: Proxy, echo: Echo) -> None:
    """Nothing is lost, also on connections that were made meanwhile."""
    proxy.harm("hold")
    here = await client(proxy)
    asked = asyncio.create_task(here.answer(b"hello\n"))
    done, _ = await asyncio.wait([asked], timeout=_SILENCE_S)
    assert not done
    assert echo.heard == []
    proxy.heal()
    assert await asked == b"hello\n"


async def test_what_is_dropped_never_comes(proxy: Proxy, echo: Echo) -> None:
    """Nobody is told before the end; then the connection is reset, since it has a hole."""
    here = await client(proxy)
    proxy.harm("drop")
    asked = asyncio.create_task(here.answer(b"hello\n"))
    done, _ = await asyncio.wait([asked], timeout=_SILENCE_S)
    assert not done
    proxy.heal()
    assert await asked == b""
    assert echo.heard == []
    assert await (await client(proxy)).answer(b"again\n") == b"again\n"


async def test_cut_connections_are_reset(proxy: Proxy) -> None:
    """New ones too, until it is healed."""
    here = await client(proxy)
    assert await here.answer(b"hello\n") == b"hello\n"
    proxy.harm("cut")
    assert await here.answer(b"hello\n") == b""
    assert await (await client(proxy)).answer(b"hello\n") == b""
    proxy.heal()
    assert await (await client(proxy)).answer(b"hello\n") == b"hello\n"


@pytest.mark.parametrize("line", [b"hello\n", b"COMMIT\n"])
async def test_only_the_answer_is_lost(proxy: Proxy, echo: Echo, line: bytes) -> None:
    """The server has heard it, and the client never knows."""
    here = await client(proxy)
    proxy.harm("lose_answers")
    assert await here.answer(line) == b""
    assert echo.heard == [line]


async def test_only_the_answer_to_a_commit_is_lost(proxy: Proxy, echo: Echo) -> None:
    """Others arrive."""
    here = await client(proxy)
    proxy.harm("lose_commits")
    assert await here.answer(b"SELECT 1\n") == b"SELECT 1\n"
    assert await here.answer(b"COMMIT\n") == b""
    assert echo.heard == [b"SELECT 1\n", b"COMMIT\n"]
    assert proxy.hits == 1
