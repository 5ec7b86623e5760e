"""What a test is told when it asks a saga's code for something: typed answers, and errors for all else."""

from collections.abc import Iterable
from typing import Any, assert_never

import msgspec

from contracts import Refused
from contracts.values import UnreadableValue, read_as
from coordinator.engine.facts import Unfit
from coordinator.engine.looking import Answered, NoAnswer
from coordinator.history.events import Event
from coordinator.history.followed import FollowedUpdate
from coordinator.history.updates import UpdateAnswered, UpdateRefused
from coordinator.saga.parameters import AnsweredType


class Unanswered(AssertionError):
    """The saga's code gives no answer; the message says why."""


def update_answer(declared: AnsweredType, id: str, history: Iterable[Event]) -> tuple[Any] | None:
    """The answer to an update that was taken in; None as long as there is none. Raises Refused, Unanswered."""
    update = FollowedUpdate(id)
    for event in history:
        update.hear(event)
    match update.outcome:
        case None:
            return None
        case UpdateAnswered(_, answer):
            return (_read(declared, f"The update {declared.name}", answer),)
        case UpdateRefused(_, problem):
            raise Refused.of(problem)
        case _:
            raise Unanswered(f"The update {declared.name} was not answered: the saga went back or ended before.")


def query_answer(declared: AnsweredType, answer: Answered | NoAnswer | Unfit) -> Any:
    """The answer to a query. Raises UnreadableValue for a question that does not fit, Unanswered."""
    match answer:
        case Answered(data):
            return _read(declared, f"The query {declared.name}", data)
        case Unfit(message):
            raise UnreadableValue(f"The query {declared.name} cannot be asked so: {message}.")
        case NoAnswer(message):
            raise Unanswered(message)
        case _:
            assert_never(answer)


def _read(declared: AnsweredType, what: str, answer: msgspec.Raw) -> Any:
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(declared.answer_type)
    try:
        return read_as(answer, decoder)
    except UnreadableValue as error:
        raise UnreadableValue(
            f"{what} answers {bytes(answer).decode()}, which it does not declare: {error}."
        ) from error
