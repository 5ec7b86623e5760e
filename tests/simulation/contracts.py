"""What the simulated sagas call: every kind of command, with short times. A wish says how it will be taken."""

import msgspec

from contracts import PIVOT, RETRIABLE, Contract, Retry, command


class Wish(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is asked for. All but ``amount`` tells the simulated participant how to behave."""

    amount: int = 0
    refuse: bool = False
    moody: bool = False
    """Refused at some times and not at others, as when the last seat is sold, and then comes back."""
    fail: int = 0
    """So many attempts fail."""
    spoil: int = 0
    """So many attempts fail after they have written something."""
    hopeless: bool = False
    """It fails for good."""
    slow: float = 0.0
    """Seconds that the handler takes."""
    tell: bool = False
    """A local step says that it is still at it; it may then take longer than its timeout."""
    behind: str = ""
    """Behind which scope it is asked for, once that is undone; for ``tests/scope_ledger.py``."""
    undo_fail: int = 0
    """So many attempts of the undo fail."""
    swapped: bool = False
    """Its call chose the other undo."""
    later: str = ""
    """It is only noted down, and the back office answers: in any time ("any"), or in so much at most."""


class Shop(Contract, name="shop"):
    """Goods."""

    @command(timeout="3s", retry=Retry(attempts=4, backoff="200ms..2s"))
    async def take(self, wish: Wish) -> int:
        """Can be undone; may be refused."""
        ...

    @take.undo(timeout="3s", retry=Retry.forever(backoff="300ms..3s"))
    async def give_back(self, wish: Wish, taken: int | None) -> None:
        """Undoes take, however long that needs."""

    @take.other_undo(timeout="3s", retry=Retry.forever(backoff="300ms..3s"))
    async def swap(self, wish: Wish, taken: int | None) -> None:
        """Undoes take as well, where its call says so."""

    @command(timeout="4s", pending_timeout="5s", retry=Retry.never())
    async def lend(self, wish: Wish) -> int:
        """Like take, but tried once, and its undo is given up after three attempts."""
        ...

    @lend.undo(timeout="3s", retry=Retry(attempts=3, backoff="300ms..1s"))
    async def collect(self, wish: Wish, lent: int | None) -> None:
        """Undoes lend."""


class Bank(Contract, name="bank"):
    """Money."""

    @command(timeout="3s", pending_timeout="6s", retry=Retry(attempts=5, backoff="200ms..2s"))
    async def hold(self, wish: Wish) -> int:
        """Can be undone; may be refused."""
        ...

    @hold.undo(timeout="3s", retry=Retry.forever(backoff="300ms..3s"))
    async def release(self, wish: Wish, held: int | None) -> None:
        """Undoes hold."""

    @command(kind=PIVOT, timeout="3s", pending_timeout="8s", retry=Retry(attempts=3, backoff="300ms..1s"))
    async def pay(self, wish: Wish) -> int:
        """The point of no return; undone only while nobody knows whether it happened."""
        ...

    @pay.undo(timeout="3s", retry=Retry.forever(backoff="300ms..3s"))
    async def refund(self, wish: Wish, paid: int | None) -> None:
        """Undoes pay."""

    @command(kind=PIVOT, timeout="3s", retry=Retry.forever(backoff="300ms..3s"))
    async def launch(self, wish: Wish) -> int:
        """The point of no return that nothing undoes."""
        ...

    @command(kind=RETRIABLE, timeout="3s", retry=Retry.forever(backoff="300ms..3s"))
    async def post(self, wish: Wish) -> int:
        """Cannot be refused."""
        ...


class Archive(Contract, name="archive"):
    """What takes long: its handler has a heartbeat."""

    @command(timeout="3s", retry=Retry(attempts=6, backoff="200ms..2s"))
    async def walk(self, wish: Wish) -> int:
        """Can be undone; may be refused before anything was done."""
        ...

    @walk.undo(timeout="3s", retry=Retry.forever(backoff="300ms..3s"))
    async def unwalk(self, wish: Wish, walked: int | None) -> None:
        """Undoes walk, if anything was done."""


class Guide(Contract, name="guide"):
    """What leaves nothing behind. Its participant has no barrier."""

    @command(timeout="3s", nothing_to_undo=True, retry=Retry(attempts=4, backoff="200ms..2s"))
    async def look(self, wish: Wish) -> int:
        """Changes nothing."""
        ...

    @command(timeout="3s")
    async def lose(self, wish: Wish) -> int:
        """Can be refused and not be undone: a saga that asks for it goes back, and it is never sent."""
        ...
