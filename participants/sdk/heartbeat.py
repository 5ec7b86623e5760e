"""What a handler holds that takes long: it tells how far it is, and knows how far it was."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.values import check_value, read_as, write_value

T = TypeVar("T")
MAX_DETAILS_BYTES = 16 * 1024
"""Of a heartbeat's details, in bytes of JSON: each is kept in the saga's history."""


class Stopped(asyncio.CancelledError):
    """The handler is to end: its command was undone, or is carried out elsewhere. A CancelledError: let it through."""


class Pulse(Protocol):
    """What stands behind a heartbeat."""

    async def beat(self, details: msgspec.Raw) -> None:
        """Has them kept and sent. Raises Stopped."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A transaction that is only committed while the command is this handler's. Raises Stopped."""
        ...


class Heartbeat(Generic[T]):
    """A handler with a parameter of this type takes long: it runs beside the others, in no transaction, as long as it
    wants, and is given up when nothing was heard of it for the command's ``timeout``. T is the type of its details.

    ::

        @archive.on(Archive.walk)
        async def walk(shelf: Shelf, heartbeat: Heartbeat[Place]) -> int:
            place = heartbeat.last or Place(0)
            while place.row < shelf.rows:
                async with heartbeat.transaction() as db:
                    ...                                        # the rows from here on
                place = Place(place.row + 1_000)
                await heartbeat(place)
            return place.row
    """

    def __init__(
        self, pulse: Pulse, decoder: "msgspec.json.Decoder[T]", last: T | None, *, changed: bool = False
    ) -> None:
        self._pulse = pulse
        self._decoder = decoder
        self._writing: set[Any] = set()
        self.last = last
        """The details that this command's handler gave last: before it was killed, or failed. None: it never did."""
        self.changed = changed or last is not None
        """Whether anything was committed or told, by this attempt or an earlier one."""

    async def __call__(self, details: T | None = None) -> None:
        """Still at it, and so far. Returns when Kafka has it: the next attempt goes on from here.

        None takes nothing back. Raises Stopped when the handler is to end; UnreadableValue for details that could not
        be read as T, OversizedValue past 16 KiB; RuntimeError inside a transaction of this heartbeat's.
        """
        if asyncio.current_task() in self._writing:
            raise RuntimeError("The heartbeat comes after the transaction: what it tells of has to be committed.")
        value = check_value(bytes(write_value(details)), MAX_DETAILS_BYTES)
        if details is not None:
            self.last, self.changed = read_as(value, self._decoder), True
        await self._pulse.beat(value)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncSession]:
        """A session whose work is committed at the end of the block, unless it raises.

        While it lasts the command can neither be undone nor be begun elsewhere: keep it short. Raises Stopped when it
        was; RuntimeError for a participant without a barrier, which has no database.
        """
        current = asyncio.current_task()
        if current in self._writing:
            raise RuntimeError("One transaction of a heartbeat's is in another: end the first, or use its session.")
        async with self._pulse.transaction() as session:
            self._writing.add(current)
            try:
                yield session
            finally:
                self._writing.discard(current)
            self.changed = True
