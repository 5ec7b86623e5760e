"""The participants of one run: the test's stubs, behind what a barrier promises."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, assert_never

import msgspec

from contracts import Command, Failed, Problem, Refused, Undo
from contracts.answers import Answer, Failure, Pending, Refusal, Success
from contracts.ids import forward_id
from contracts.values import NULL, write_value
from coordinator.engine.decision import Send
from coordinator.explore.examples import NoExample, examples
from coordinator.saga.children import DETACHED
from coordinator.testing.behaviour import (
    AnswersLater,
    Calls,
    Fails,
    NeverReplies,
    Planned,
    Refuses,
    Returns,
    at_delivery,
)
from coordinator.testing.called import Called
from coordinator.testing.stub import Target, name_of, written_call, written_result

UNDONE_BEFORE = Problem("undone_before", "The undo of this command was there before the command.")

Plans = Mapping[Target, Sequence[Planned]]


class Unstubbed(LookupError):
    """A command came, and the test does not say what it answers; the message says what to write."""


class Reply(NamedTuple):
    """What a delivery leads to."""

    answer: Answer | None
    """None: there will be no reply."""
    at: int
    """When it comes, in ms since 1970."""
    later: "Reply | None" = None
    """Another, after one that says so."""


SILENCE = Reply(None, 0)


class Participants:
    """Remembers what came, for one run of one saga."""

    def __init__(self, plans: Plans, strict: bool) -> None:
        self._plans = plans
        self._strict = strict
        self._deliveries: dict[Target, int] = {}
        self._kept: dict[str, Reply] = {}
        """By command id; an undo's too. What stands for all attempts."""
        self._attempts: dict[tuple[str, int], Reply] = {}
        self._unheard: set[str] = set()
        """Commands that were done without a reply."""
        self._tombstones: set[str] = set()

    async def receive(self, target: Target, send: Send, now: int) -> Reply:
        """A delivery arrives, the first or another one. Raises Unstubbed, and what a function of the test raises.

        A local step has no barrier: each time, its body is run.
        """
        if send.local:
            return await self._perform(target, send, now)
        attempt = send.command_id, send.attempt
        known = self._kept.get(send.command_id) or self._attempts.get(attempt)
        if known is not None:
            return Reply(known.answer, max(known.at, now), known.later)
        if isinstance(target, Undo):
            if not self._was_done(send.command_id):
                self._tombstones.add(forward_id(send.command_id))
                return Reply(Success(NULL), now)
        elif send.command_id in self._tombstones:
            return Reply(Refusal(UNDONE_BEFORE), now)
        reply = self._attempts[attempt] = await self._perform(target, send, now)
        if isinstance(reply.answer, Success | Refusal | Pending):
            self._kept[send.command_id] = reply
        return reply

    def hopeless(self, target: Target) -> bool:
        """Whether every further delivery will fail, or lead to nothing."""
        planned, stays = at_delivery(self._plans.get(target, ()), self._deliveries.get(target, 0))
        return stays and planned is not None and isinstance(planned.behaviour, Fails | NeverReplies)

    def _was_done(self, undo: str) -> bool:
        command = forward_id(undo)
        kept = self._kept.get(command)
        return command in self._unheard or (kept is not None and isinstance(kept.answer, Success | Pending))

    async def _perform(self, target: Target, send: Send, now: int) -> Reply:
        number = self._deliveries.get(target, 0)
        self._deliveries[target] = number + 1
        planned, _ = at_delivery(self._plans.get(target, ()), number)
        if planned is None:
            example = write_value(send.child) if send.participant == DETACHED else self._example(target)
            return Reply(Success(example), now)
        planned.reached = True
        match planned.behaviour:
            case Returns(result, after_ms):
                return Reply(Success(self._example(target) if result is None else result), now + after_ms)
            case Refuses(problem):
                return Reply(Refusal(problem), now)
            case Fails(problem):
                return Reply(Failure(problem), now)
            case NeverReplies():
                self._unheard.add(send.command_id)
                return SILENCE
            case AnswersLater(result, after_ms):
                answer = Success(self._example(target) if result is None else result)
                return Reply(Pending(), now, Reply(answer, now + after_ms))
            case Calls(function):
                return Reply(await self._called(function, target, send), now)
            case _:
                assert_never(planned.behaviour)

    async def _called(self, function: Callable[..., Any], target: Target, send: Send) -> Answer:
        called = Called(target, send)
        arguments = list(called.arguments.values())
        if isinstance(target, Undo):
            arguments.append(called.result if send.local else self._known_result(target, send))
        try:
            result = function(*arguments)
            if inspect.isawaitable(result):
                result = await result
        except Refused as error:
            return Refusal(error.problem)
        except Failed as error:
            return Failure(error.problem)
        except Exception as error:
            saga, _, step = forward_id(send.command_id).rpartition(":")
            error.add_note(f"It was called for {called!r}, step {step} of {saga}.")
            raise
        if isinstance(target, Undo):
            return Success(NULL)
        return Success(written_result(target, result))

    def _known_result(self, undo: Undo, send: Send) -> Any:
        """What the barrier kept of the command that is undone."""
        kept = self._kept.get(forward_id(send.command_id))
        known = kept.answer if kept is not None else None
        return undo.command.read_known_result(known.result) if isinstance(known, Success) else None

    def _example(self, target: Target) -> msgspec.Raw:
        if isinstance(target, Undo):
            return NULL
        if self._strict:
            raise Unstubbed(
                f"{name_of(target)} was called, and nothing says what it answers. Write {written_call(target)}."
            )
        return example_of(target)


def example_of(command: Command[..., Any]) -> msgspec.Raw:
    """A result that fits the contract, always the same. Raises Unstubbed."""
    try:
        return examples(command.result_type, 1)[0]
    except NoExample as error:
        raise Unstubbed(
            f"{name_of(command)} was called, and no example of its result could be made. {error} "
            f"Write {written_call(command)}."
        ) from error
