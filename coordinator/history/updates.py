"""Updates: requests from outside that a running saga's code answers. Numbered from 1, in the order of their coming."""

import msgspec

from contracts.failures import Problem


class UpdateAccepted(msgspec.Struct, frozen=True, gc=False, tag="update_accepted"):
    """A request came, the code's check had nothing against it, and its handler has it."""

    update: int
    name: str
    id: str
    """Its sender's: the same id again is the same update."""
    value: msgspec.Raw
    at: int


class UpdateAnswered(msgspec.Struct, frozen=True, gc=False, tag="update_answered"):
    """The handler returned this."""

    update: int
    answer: msgspec.Raw
    at: int


class UpdateRefused(msgspec.Struct, frozen=True, gc=False, tag="update_refused"):
    """The handler said no. What its steps did stands, and is undone if the saga goes back."""

    update: int
    problem: Problem
    at: int
