"""What a handler may ask of its heartbeat."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.values import OversizedValue, UnreadableValue
from participants.sdk.heartbeat import MAX_DETAILS_BYTES, Heartbeat


class Noted:
    """Keeps what was told."""

    def __init__(self) -> None:
        self.told: list[bytes] = []

    async def beat(self, details: msgspec.Raw) -> None:
        self.told.append(bytes(details))

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncSession]:
        yield AsyncSession()


@pytest.fixture
def noted() -> Noted:
    return Noted()


@pytest.fixture
def heartbeat(noted: Noted) -> Heartbeat[str]:
    decoder: msgspec.json.Decoder[str] = msgspec.json.Decoder(str)
    return Heartbeat(noted, decoder, None)


async def test_it_remembers_what_it_told(noted: Noted, heartbeat: Heartbeat[str]) -> None:
    """To be still at it takes nothing back."""
    assert (heartbeat.last, heartbeat.changed) == (None, False)
    await heartbeat("page 1")
    await heartbeat()
    assert (noted.told, heartbeat.last, heartbeat.changed) == ([b'"page 1"', b"null"], "page 1", True)


async def test_details_have_a_size(noted: Noted, heartbeat: Heartbeat[str]) -> None:
    """They are kept in the saga's history, each time."""
    await heartbeat("x" * (MAX_DETAILS_BYTES - 2))
    with pytest.raises(OversizedValue, match=r"16,385 bytes of JSON; a message may have 16,384"):
        await heartbeat("x" * (MAX_DETAILS_BYTES - 1))
    assert len(noted.told) == 1


async def test_details_are_what_is_declared(noted: Noted, heartbeat: Heartbeat[str]) -> None:
    """The next attempt could not read them."""
    with pytest.raises(UnreadableValue, match="Expected `str`, got `int`"):
        await heartbeat(7)  # pyright: ignore[reportArgumentType]
    assert noted.told == []


async def test_it_tells_of_what_is_committed(noted: Noted, heartbeat: Heartbeat[str]) -> None:
    """So never inside of a transaction; that something was committed is known then."""
    async with heartbeat.transaction():
        with pytest.raises(RuntimeError, match="after the transaction"):
            await heartbeat("page 1")
    assert (noted.told, heartbeat.changed) == ([], True)
    await heartbeat("page 1")
    assert noted.told == [b'"page 1"']
