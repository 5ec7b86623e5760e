"""Reads by key, gathered."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from coordinator.store.gathered import Gathered


class Table:
    """Answers when it is told to, and remembers what it was asked together."""

    def __init__(self) -> None:
        self.queries: list[list[str]] = []
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.error: Exception | None = None

    async def read(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Every key but ``nobody`` has a value."""
        self.queries.append(list(keys))
        self.asked.set()
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return {key: key.upper() for key in keys if key != "nobody"}


async def test_what_comes_meanwhile_is_one_query() -> None:
    """The first read goes alone and at once; those that come while it is under way share the next."""
    table = Table()
    reads: Gathered[str] = Gathered(table.read)
    first = asyncio.create_task(reads.get("a"))
    await table.asked.wait()
    others = [asyncio.create_task(reads.get(key)) for key in ("b", "nobody", "b")]
    await asyncio.sleep(0)
    table.gate.set()
    assert await first == "A"
    assert await asyncio.gather(*others) == ["B", None, "B"]
    assert table.queries == [["a"], ["b", "nobody"]]


async def test_the_same_key_is_read_anew_while_it_is_being_read() -> None:
    """An answer under way may be older than the question, so it does not answer it."""
    table = Table()
    reads: Gathered[str] = Gathered(table.read)
    both = [asyncio.create_task(reads.get("a"))]
    await table.asked.wait()
    both.append(asyncio.create_task(reads.get("a")))
    table.gate.set()
    await asyncio.gather(*both)
    assert table.queries == [["a"], ["a"]]


async def test_an_error_reaches_all_who_asked() -> None:
    """And the next read tries again."""
    table = Table()
    table.error = ConnectionError("gone")
    table.gate.set()
    reads: Gathered[str] = Gathered(table.read)
    found = await asyncio.gather(reads.get("a"), reads.get("b"), return_exceptions=True)
    assert [type(one) for one in found] == [ConnectionError, ConnectionError]
    table.error = None
    assert await reads.get("a") == "A"


async def test_one_who_gives_up_takes_nothing_from_the_others() -> None:
    """A cancelled read leaves the shared query alone."""
    table = Table()
    reads: Gathered[str] = Gathered(table.read)
    impatient = asyncio.create_task(reads.get("a"))
    patient = asyncio.create_task(reads.get("a"))
    await table.asked.wait()
    impatient.cancel()
    table.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    assert await patient == "A"
