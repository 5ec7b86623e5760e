"""What the barrier knows of one command, and what follows from it. All the rules are here."""

from dataclasses import dataclass

from contracts.answers import Pending, Progress, Refusal, Success
from contracts.command_message import Direction
from contracts.failures import Problem
from contracts.values import NULL

NOTHING_TO_UNDO = Success(NULL)
UNDONE_BEFORE = Refusal(
    Problem("undone_before", "The undo of this command was there before the command: it will not be carried out.")
)


@dataclass(slots=True)
class Entry:
    """The row of one forward command, held by one transaction.

    | known                | the command comes            | its undo comes                          |
    |----------------------|------------------------------|-----------------------------------------|
    | nothing              | the handler is called        | tombstone; nothing to undo              |
    | it succeeded         | the same answer again        | the handler is called                   |
    | it was refused       | the same answer again        | nothing to undo                         |
    | it is answered later | the same answer again        | the handler is called                   |
    | it was begun         | the handler is called        | the handler is called                   |
    | it was undone        | the same answer again        | the same answer again                   |
    | tombstone            | refused, ``undone_before``   | the same answer again                   |

    A failure leaves nothing behind, so the next attempt finds what the failed one found. A command whose handler takes
    long is begun until it is answered, since it commits on its way (see ``long_rows``).
    """

    command_id: str
    forward: Success | Refusal | Pending | Progress | None = None
    undone: bool = False
    tombstone: bool = False
    changed: bool = False
    """Not written yet."""

    def decide(self, direction: Direction) -> Success | Refusal | Pending | None:
        """The answer that stands without calling the handler, a tombstone included; None when it has to be called."""
        if direction == "forward":
            if isinstance(self.forward, Progress):
                return UNDONE_BEFORE if self.undone else None
            return UNDONE_BEFORE if self.tombstone else self.forward
        if self.undone or self.tombstone or isinstance(self.forward, Refusal):
            return NOTHING_TO_UNDO
        if self.forward is None:
            self.tombstone = self.changed = True
            return NOTHING_TO_UNDO
        return None

    def keep(self, direction: Direction, answer: Success | Refusal | Pending) -> None:
        """Remembers what the handler answered."""
        if direction == "forward":
            self.forward = answer
        else:
            self.undone = True
        self.changed = True
