"""Going on as new: for sagas that live long."""

from typing import Any


class ContinueAsNew(BaseException):
    """Raised out of a saga's own function, it ends this round of the saga and begins the next one::

        raise ContinueAsNew(Watch(account, since=now))

    The function is called again with this input, under the same id, and what the rounds before did is not kept in the
    history: so a saga may live for ever in a history that does not grow. What they did stands: later rounds undo only
    what they did themselves. Whatever else runs is cancelled, as when the function returns; updates are answered
    first, and signals that nobody has taken are there in the next round.

    The next round is of the newest version that is deployed, or of this ``version``. A round must have waited for
    something. It is no ``Exception``: ``except Exception`` lets it through.
    """

    def __init__(self, input: Any = None, *, version: int | None = None) -> None:
        super().__init__(
            "Another round was asked for from a place where none can begin: raise ContinueAsNew in the saga's own "
            "function, and let nothing else be raised with it."
        )
        self.input = input
        self.version = version


def continued_by(error: BaseException | None) -> ContinueAsNew | None:
    """What ends the round, where this does. A group that has nothing else in it, such as that of a TaskGroup around
    it, is taken for what it holds."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        (error,) = error.exceptions
    return error if isinstance(error, ContinueAsNew) else None
