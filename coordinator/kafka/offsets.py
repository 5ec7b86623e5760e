"""How far the records of a partition are handled: what may be committed."""

import asyncio


class PartitionOffsets:
    """The low watermark of one partition, during one assignment of it."""

    def __init__(self) -> None:
        self._open: dict[int, None] = {}
        """Offsets handed over and not handled yet, in order."""
        self._next: int | None = None
        """The offset behind the last one handed over."""
        self._committed: int | None = None
        self._emptied: asyncio.Future[None] | None = None

    @property
    def waiting(self) -> int:
        """Records handed over and not handled yet."""
        return len(self._open)

    async def handled(self) -> None:
        """Returns when everything handed over is handled. One may wait at a time."""
        while self._open:
            self._emptied = asyncio.get_running_loop().create_future()
            await self._emptied

    def begin(self, offset: int) -> None:
        """The record was read; offsets come in rising order, with gaps."""
        if self._next is None:
            self._committed = offset
        self._open[offset] = None
        self._next = offset + 1

    def done(self, offset: int) -> None:
        """The record is handled: its fact is committed, or it is among the dead letters."""
        self._open.pop(offset, None)
        if self._emptied is not None and not self._open and not self._emptied.done():
            self._emptied.set_result(None)

    def to_commit(self) -> int | None:
        """The offset to commit, never beyond a record that is not handled; None when there is nothing new."""
        low = next(iter(self._open), self._next)
        return None if low == self._committed else low

    def committed(self, offset: int) -> None:
        """The broker has it."""
        self._committed = offset
