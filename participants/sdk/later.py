"""What a handler returns that will answer later."""

from typing import Any

from contracts.answers import Pending
from contracts.durations import Duration, milliseconds


def answered_later(*, timeout: Duration | None = None) -> Any:
    """Returned by the handler of a command: what it wrote is kept, and the outcome comes later, by the command's id.

    Whoever has it then answers over HTTP (``POST /v1/commands/{id}/answer``) or by a reply on Kafka. Until then the
    step waits, for ``timeout`` at most, and for no longer than the contract's ``pending_timeout``; past it, the command
    is sent again, and answered like this again, as often as its policy allows. The command's undo is given the result
    that the coordinator knows, or None: it may find that nothing has happened yet. An undo is answered when it is done,
    and cannot return this.
    """
    return Pending(None if timeout is None else max(1, milliseconds(timeout)))
