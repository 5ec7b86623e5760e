"""What a stub does when its command comes. A closed union: match on it and end with assert_never."""

from collections.abc import Callable, Sequence
from typing import Any, assert_never

import msgspec

from contracts.failures import Problem


class Returns(msgspec.Struct, frozen=True):
    """It succeeds; ``result`` None: with an example."""

    result: msgspec.Raw | None
    after_ms: int = 0
    """The reply comes so long after the command did. What was asked is done at once."""


class Refuses(msgspec.Struct, frozen=True):
    """A business no."""

    problem: Problem


class Fails(msgspec.Struct, frozen=True):
    """A technical failure; nothing was done."""

    problem: Problem


class NeverReplies(msgspec.Struct, frozen=True):
    """It is done, and nobody ever hears of it."""


class AnswersLater(msgspec.Struct, frozen=True):
    """It says that it will, and does so after that time."""

    result: msgspec.Raw | None
    after_ms: int


class Calls(msgspec.Struct, frozen=True):
    """A function of the test answers, as a handler does."""

    function: Callable[..., Any]


Behaviour = Returns | Refuses | Fails | NeverReplies | AnswersLater | Calls


class Planned(msgspec.Struct, eq=False):
    """A behaviour, and for how many deliveries."""

    behaviour: Behaviour
    times: int | None = None
    """None: for one, and when nothing is planned after it for all that follow."""
    reached: bool = False
    """A delivery met it, in any run of the test."""


def at_delivery(plan: Sequence[Planned], number: int) -> tuple[Planned | None, bool]:
    """What is planned for the delivery of that number, from 0, and whether it stays so. None: nothing is."""
    for place, planned in enumerate(plan, 1):
        if planned.times is None and place == len(plan):
            return planned, True
        number -= 1 if planned.times is None else planned.times
        if number < 0:
            return planned, False
    return None, True


def word_for(behaviour: Behaviour) -> str:
    """As it stands in the test."""
    match behaviour:
        case Returns(after_ms=0):
            return "returns(…)"
        case Returns():
            return "replies_late(…)"
        case Refuses(problem):
            return f"refuses({problem.type!r})"
        case Fails():
            return "fails(…)"
        case NeverReplies():
            return "never_replies(…)"
        case AnswersLater():
            return "answers_later(…)"
        case Calls():
            return "calls(…)"
        case _:
            assert_never(behaviour)
