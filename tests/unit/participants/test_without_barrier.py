"""Handlers that may be called twice: every delivery calls them, in order."""

import asyncio

import pytest

from contracts import Contract, command
from contracts.answers import Success
from participants.sdk import Participant, Worker
from participants.sdk.executor import ROUND_S, WithoutBarrier
from participants.sdk.tracing import Tracing
from tests.unit.participants.shop import Parcel, Purchase, call, forward, said, undo


class Plain(Contract, name="shop"):
    """Keeps nothing."""

    @command()
    async def buy(self, purchase: Purchase) -> Parcel:
        """Answers at once."""
        ...

    @buy.undo()
    async def give_back(self, purchase: Purchase, parcel: Parcel | None) -> None:
        """Answers at once."""


def plain(seen: list[str]) -> Participant:
    participant = Participant(Plain, barrier=False)

    @participant.on(Plain.buy)
    async def buy(purchase: Purchase) -> Parcel:
        seen.append(purchase.article)
        if purchase.article == "wrong":
            return "no parcel"  # type: ignore[return-value]
        match purchase.article:
            case "cancelled":
                raise asyncio.CancelledError
            case "slow":
                await asyncio.sleep(2 * ROUND_S)
            case _:
                pass
        return Parcel(purchase.article)

    @participant.on(Plain.give_back)
    async def give_back(purchase: Purchase, parcel: Parcel | None) -> None:
        seen.append(f"back {parcel.number if parcel else None}")

    return participant


async def test_every_delivery_calls_the_handler() -> None:
    """An undo gets what the coordinator knows."""
    seen: list[str] = []
    participant = plain(seen)
    messages = forward(1, "a"), forward(1, "a"), undo(1, result=None), undo(1, result={"number": "a"})
    answered = await WithoutBarrier(Tracing("t")).handle([call(participant, message) for message in messages])
    assert seen == ["a", "a", "back None", "back a"]
    assert all(isinstance(each.answer, Success) for each in answered)


async def test_what_is_done_does_not_wait_for_a_slow_one() -> None:
    """It is answered first; the rest is handled then."""
    seen: list[str] = []
    calls = [call(plain(seen), forward(step, article)) for step, article in enumerate(("a", "slow", "b"), 1)]
    answered = await WithoutBarrier(Tracing("t")).handle(calls)
    assert len(answered) == 2
    assert seen == ["a", "slow"]


@pytest.mark.parametrize(
    ("article", "answer"), [("wrong", "failed unwritable_result for good"), ("cancelled", "failed CancelledError")]
)
async def test_a_handler_that_breaks_its_promise_fails(article: str, answer: str) -> None:
    """What it returns is checked against the contract, and it cannot cancel the worker."""
    (answered,) = await WithoutBarrier(Tracing("t")).handle([call(plain([]), forward(1, article))])
    assert said(answered.answer) == answer


async def test_cancelling_the_worker_is_no_answer() -> None:
    """The command will be brought again."""
    calls = [call(plain([]), forward(1, "slow"))]
    task = asyncio.create_task(WithoutBarrier(Tracing("t")).handle(calls))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_worker_checks_its_participant() -> None:
    """Before it connects to anything."""
    with pytest.raises(TypeError, match=r"Plain\.buy has no handler"):
        Worker(Participant(Plain, barrier=False), kafka="localhost:1", database=None)
