"""Three participants that do next to nothing, so that what is measured is Amends."""

import msgspec

from contracts import Contract, Retry, command


class Work(msgspec.Struct, frozen=True):
    """About 200 bytes of payload."""

    number: int
    refuse: bool = False
    padding: str = "x" * 150


class Done(msgspec.Struct, frozen=True):
    """What came of it."""

    number: int
    padding: str = "y" * 150


class First(Contract, name="first"):
    """The first step."""

    @command(timeout="30s", retry=Retry(attempts=3))
    async def work(self, work: Work) -> Done:
        """Answers at once."""
        ...

    @work.undo(timeout="30s")
    async def unwork(self, work: Work, done: Done | None) -> None:
        """Answers at once."""


class Second(Contract, name="second"):
    """The second step."""

    @command(timeout="30s", retry=Retry(attempts=3))
    async def work(self, work: Work) -> Done:
        """Answers at once."""
        ...

    @work.undo(timeout="30s")
    async def unwork(self, work: Work, done: Done | None) -> None:
        """Answers at once."""


class Third(Contract, name="third"):
    """The third step."""

    @command(timeout="30s", retry=Retry(attempts=3))
    async def work(self, work: Work) -> Done:
        """Answers at once, or refuses when it is told to."""
        ...

    @work.undo(timeout="30s")
    async def unwork(self, work: Work, done: Done | None) -> None:
        """Answers at once."""
