"""What sagas are asked for while they run, and what they say of it: the saga's side, and the history's."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from contracts import Refused
from coordinator.engine.failure import problem_of
from coordinator.engine.looking import Answered, NoAnswer, look
from coordinator.history.children import UndoRequested
from coordinator.history.events import Event
from coordinator.history.followed import FollowedUpdate
from coordinator.history.parking import SagaParked
from coordinator.history.rounds import SagaContinued
from coordinator.history.updates import UpdateAccepted, UpdateAnswered, UpdateRefused
from coordinator.saga import Definitions, Query, Update
from tests.update_ledger import UpdateLedger

NAME, COUNTS = "favour", "counts"
"""Of the sagas' update, and of their query."""
NULL = msgspec.Raw(b"null")


class Favour(msgspec.Struct, frozen=True):
    """A program that a saga runs besides its own."""

    program: list[Any]
    unless: int = 99
    """The saga's check refuses it when more than so many came before."""


Favours = Update[Favour, tuple[int, int]]
"""Answered with the update's number, and with what its program came to."""
Counts = Query[None, tuple[int, int, int]]
"""How many favours came, were done, and were refused."""


def take_favours(favours: Favours, counts: Counts, run: Callable[[list[Any]], Awaitable[int]]) -> None:
    """What every saga does first."""
    came = done = refused = 0

    @favours.check
    def _(asked: Favour) -> None:
        if came > asked.unless:
            raise Refused("enough", f"There were {came} already.")

    @favours.handle
    async def _(asked: Favour) -> tuple[int, int]:
        nonlocal came, done, refused
        came += 1
        number = came
        try:
            total = await run(asked.program)
        except Exception as error:
            refused += problem_of(error) is not None
            raise
        done += 1
        return number, total

    @counts.answer
    def _() -> tuple[int, int, int]:
        return came, done, refused


def count_faults(saga_id: str, rows: Iterable[Sequence[Event]], definitions: Definitions) -> Iterator[str]:
    """The saga's code, asked about this history, says what the history says."""
    log = [event for row in rows for event in row]
    counts = [sum(isinstance(event, kind) for event in log) for kind in (UpdateAccepted, UpdateAnswered, UpdateRefused)]
    answer = look(saga_id, log, definitions, COUNTS, NULL)
    if isinstance(answer, NoAnswer) and _is_so(answer.message, log):
        return
    if answer != Answered(msgspec.Raw(msgspec.json.encode(counts))):
        yield f"Queries: {saga_id} was asked for its counts, which are {counts}, and the answer was {answer}"


def _is_so(message: str, log: Sequence[Event]) -> bool:
    """The code cannot be asked: it is not there, was never called, or the saga was parked for the same reason."""
    if isinstance(log[1], UndoRequested):
        return "never began" in message
    if isinstance(log[0], SagaContinued) and log[0].cancel is not None:
        return "at this point" in message
    return "is not deployed here" in message or any(
        isinstance(event, SagaParked) and message in event.message for event in log
    )


def answer_faults(saga_id: str, rows: Iterable[Sequence[Event]], ledger: UpdateLedger) -> Iterator[str]:
    """Each answer is that of its own update, and whoever follows an update hears what the ledger has of it."""
    log = [event for row in rows for event in row]
    before = log[0].updates if isinstance(log[0], SagaContinued) else 0
    for event in log:
        if isinstance(event, UpdateAnswered) and msgspec.json.decode(event.answer)[0] != event.update - before:
            yield f"Updates: {saga_id} answered update {event.update} with {bytes(event.answer)!r}"
    for id, number in ledger.accepted.items():
        followed = FollowedUpdate(id)
        for event in log:
            followed.hear(event)
        answered = isinstance(followed.outcome, UpdateAnswered), isinstance(followed.outcome, UpdateRefused)
        if answered != (number in ledger.answered, number in ledger.refused):
            yield f"Updates: {saga_id} settled {id}, and who follows it hears {followed.outcome}"
