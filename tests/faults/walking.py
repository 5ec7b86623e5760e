"""A saga whose one step walks many records, named by AMENDS_CATALOGUE."""

import msgspec

from coordinator.saga import Contract, Definitions, Retry, command, saga

AT_ONCE_MS = 3_000


class Shelf(msgspec.Struct, frozen=True):
    """What is to be walked."""

    records: int
    interval: int
    """So many between two heartbeats."""


class Archive(Contract, name="archive"):
    """Records upon records."""

    @command(timeout="1s", retry=Retry(attempts=200, backoff="50ms..50ms"))
    async def walk(self, shelf: Shelf) -> int:
        """Walks them, and returns how many."""
        ...

    @walk.undo(timeout="20s", retry=Retry.forever(backoff="100ms..1s"))
    async def unwalk(self, shelf: Shelf, walked: int | None) -> None:
        """As if nobody had."""


@saga(version=1)
async def take_stock(shelf: Shelf, archive: Archive) -> int:
    """One long step."""
    return await archive.walk(shelf)


@saga(version=1)
async def take_stock_at_once(shelf: Shelf, archive: Archive) -> int:
    """The same in one attempt, which may wait for its turn."""
    return await archive.walk.using(timeout=AT_ONCE_MS / 1_000, retry=Retry.never())(shelf)


DEFINITIONS = Definitions([take_stock, take_stock_at_once])
