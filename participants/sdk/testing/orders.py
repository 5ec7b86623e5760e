"""The orders in which a command's messages may come, and what must have come of them in the end."""

from collections.abc import Iterator, Sequence
from enum import StrEnum, auto

import msgspec

from participants.sdk.barrier import TABLE
from participants.sdk.testing.crash import COMMIT


class Sent(StrEnum):
    """One delivery."""

    COMMAND = "command"
    UNDO = "undo"
    UNDO_OF_UNKNOWN = "undo of unknown"
    """The coordinator has not heard what the command answered."""


class End(StrEnum):
    """What the participant's books may show when all is over."""

    NOTHING = auto()
    """As before."""
    DONE = auto()
    """As after the command alone, once."""
    UNDONE = auto()
    """As after the command and its undo, each once."""


class Batch(msgspec.Struct, frozen=True):
    """Deliveries that one consumer takes together; one, usually."""

    sent: tuple[Sent, ...]
    beside_failing: bool = False
    """With another command that fails after it has written, so that all of the batch is done again."""


class AtOnce(msgspec.Struct, frozen=True):
    """Deliveries that come to a consumer each, at the same time."""

    sent: tuple[Sent, ...]


class Order(msgspec.Struct, frozen=True):
    """One way for the messages to come."""

    name: str
    rounds: tuple[Batch | AtOnce, ...]
    ends: tuple[End, ...]
    """Any of these is right."""
    hint: str = ""
    """What to look for when it ends wrong."""
    crash: int | None = None
    """The consumer dies in the last round, before the statement of this number, and the round comes again."""
    undo: str | None = None
    """The name of another undo than the declared one, which is meant wherever an undo is sent."""

    def by(self, undo: str | None) -> "Order":
        """The same order with this undo."""
        return self if undo is None else msgspec.structs.replace(self, name=f"{self.name} (by {undo})", undo=undo)

    @property
    def undoes(self) -> bool:
        """Whether an undo is among the messages."""
        return any(each is not Sent.COMMAND for part in self.rounds for each in part.sent)


C, U, N = Sent.COMMAND, Sent.UNDO, Sent.UNDO_OF_UNKNOWN

_AGAIN = (
    "Look for what is done elsewhere than through the handler's AsyncSession or AsyncConnection: "
    "only that is one transaction with the barrier."
)
_LOST = (
    "What the handler did outlived a transaction that was lost. Write through the AsyncSession or AsyncConnection that "
    "the handler is given; give what is done elsewhere the key Delivery.command_id, so that done twice is done once."
)
_LATE = "An undo was there first: what comes late must not be carried out."


def alone(*sent: Sent) -> tuple[Batch, ...]:
    """One after another, each in a batch of its own."""
    return tuple(Batch((each,)) for each in sent)


COMMAND_ALONE = Order("the command", alone(C), (End.DONE,))
COMMAND_AND_UNDO = Order("the command, its undo", alone(C, U), (End.UNDONE,))

FORWARD: Sequence[Order] = (
    Order("the command twice", alone(C, C), (End.DONE,), _AGAIN),
    Order("the command twice in one batch", (Batch((C, C)),), (End.DONE,), _AGAIN),
    Order("the command twice, to two consumers at once", (AtOnce((C, C)),), (End.DONE,), _AGAIN),
)
BACK: Sequence[Order] = (
    Order("the command, its undo twice", alone(C, U, U), (End.UNDONE,), _AGAIN),
    Order("the command, its undo by a coordinator that knows no result", alone(C, N), (End.UNDONE,), _AGAIN),
    Order("the command, its undo, the command again", alone(C, U, C), (End.UNDONE,), _AGAIN),
    Order("the command, its undo and both again in one batch", (Batch((C, U, C, U)),), (End.UNDONE,), _AGAIN),
    Order("the command, its undo to two consumers at once", (*alone(C), AtOnce((U, U))), (End.UNDONE,), _AGAIN),
    Order("the undo first, then the command", alone(N, C), (End.NOTHING, End.UNDONE), _LATE),
    Order("the undo twice, then the command twice", alone(N, N, C, C), (End.NOTHING, End.UNDONE), _LATE),
    Order("the undo and then the command in one batch", (Batch((N, C)),), (End.NOTHING, End.UNDONE), _LATE),
    Order("command and undo to two consumers at once", (AtOnce((C, N)),), (End.NOTHING, End.UNDONE), _LATE),
)


BESIDE: Sequence[Order] = (
    Order("the command, beside one that fails", (Batch((C,), beside_failing=True),), (End.DONE,), _LOST),
)
BESIDE_BACK: Sequence[Order] = (
    Order(
        "the command, its undo beside one that fails",
        (*alone(C), Batch((U,), beside_failing=True)),
        (End.UNDONE,),
        _LOST,
    ),
)


def crash_orders(points: Sequence[str]) -> Sequence[Order]:
    """The consumer dies before each of these statements of the command, and it comes again.

    Before the first nothing was done.
    """
    return [
        Order(f"the command, lost before {point}, and again", alone(C), (End.DONE,), _LOST, crash=number)
        for number, point in _named(points)
    ]


def crash_orders_back(points: Sequence[str]) -> Sequence[Order]:
    """The same for the statements of its undo."""
    return [
        Order(f"the command, its undo, lost before {point}, and again", alone(C, U), (End.UNDONE,), _LOST, crash=number)
        for number, point in _named(points)
    ]


def _named(points: Sequence[str]) -> Iterator[tuple[int, str]]:
    for number, point in list(enumerate(points))[1:]:
        line = "the barrier's" if TABLE in point else " ".join(point.split())
        shown = line if len(line) <= 40 else f"{line[:39]}…"
        last = number == len(points) - 1
        yield number, COMMIT if last and point == COMMIT else f"statement {number + 1} ({shown})"
