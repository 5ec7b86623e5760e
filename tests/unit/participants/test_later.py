"""Handlers that answer later: what is said of a command, and what the barrier keeps of it."""

import pytest

from contracts.answers import Failure, Pending, Success
from participants.sdk import Participant, answered_later
from participants.sdk.entry import Entry
from participants.sdk.executor import WithoutBarrier
from participants.sdk.tracing import Tracing
from tests.unit.participants.shop import Parcel, Purchase, call, forward, undo
from tests.unit.participants.test_without_barrier import Plain


def later() -> Participant:
    participant = Participant(Plain, barrier=False)

    @participant.on(Plain.buy)
    async def buy(purchase: Purchase) -> Parcel:
        return answered_later(timeout="3d") if purchase.article == "rare" else answered_later()

    @participant.on(Plain.give_back)
    async def give_back(purchase: Purchase, parcel: Parcel | None) -> None:
        return answered_later()

    return participant


async def test_it_is_pending() -> None:
    """With the time that the handler gives it, or in any time."""
    calls = [call(later(), forward(number, article)) for number, article in enumerate(("rare", "plain"), 1)]
    answered = await WithoutBarrier(Tracing("t")).handle(calls)
    assert [each.answer for each in answered] == [Pending(259_200_000), Pending()]


async def test_an_undo_is_not() -> None:
    """It is answered when it is done: that is a bug of the handler, and it is tried again."""
    (answered,) = await WithoutBarrier(Tracing("t")).handle([call(later(), undo(1))])
    assert isinstance(answered.answer, Failure)
    assert answered.answer.problem.type == "undo_not_done"


def test_the_barrier_keeps_it() -> None:
    """The command again gets the same answer, and is not done again; its undo calls the handler, once."""
    entry = Entry("order:7:1")
    entry.keep("forward", Pending(5))
    assert entry.decide("forward") == Pending(5)
    assert entry.decide("undo") is None
    entry.keep("undo", Success(b"null"))  # type: ignore[arg-type]
    assert isinstance(entry.decide("undo"), Success)


def test_a_time_that_makes_no_sense() -> None:
    """As everywhere."""
    with pytest.raises(ValueError, match="not a duration"):
        answered_later(timeout="soon")
