"""One command's messages in every order, each from the same beginning, and what the books show in the end."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Generic, TypeVar, assert_never

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.answers import Failure, Refusal, Success
from contracts.command_message import CommandMessage
from contracts.values import NULL
from participants.sdk.testing import orders
from participants.sdk.testing.crash import Crash, Crashed
from participants.sdk.testing.desk import Answer, Desk, Exchange
from participants.sdk.testing.messages import undo_message
from participants.sdk.testing.orders import AtOnce, Batch, End, Order, Sent, crash_orders, crash_orders_back

E = TypeVar("E")


class Proof(msgspec.Struct, Generic[E], frozen=True):
    """A command whose effect is there once, whatever order its messages came in."""

    before: E
    """What ``effects`` shows before anything came."""
    done: E
    """… after the command alone; the same as before when it was refused."""
    undone: E
    """… after the command and its undo; the same as ``done`` for a command without undo."""
    answer: Success | Refusal
    """The command's."""
    orders: tuple[str, ...]
    """Every order that was tried. All ended as one of the above, or as below."""
    undone_by: Mapping[str, E]
    """What it shows after the command and another of its undos than the declared one, by that undo's name."""


class World(msgspec.Struct, frozen=True):
    """Where orders are tried."""

    desk: Callable[[], Desk]
    """A new consumer."""
    effects: Callable[[], Awaitable[Any]]
    begin: Callable[[], Awaitable[None]]
    """Back to the beginning."""
    database: AsyncEngine | None
    """None: there is no barrier."""


class Played(msgspec.Struct, frozen=True):
    """What came of one order."""

    effects: Any
    exchanges: tuple[Exchange, ...]
    points: tuple[str, ...]
    """Statements and commits of the last round."""

    def answers(self, direction: str) -> list[Answer]:
        """To the command, or to its undo."""
        return [e.answer for e in self.exchanges if e.answer is not None and e.message.direction == direction]


class Unproved(AssertionError):
    """An order of messages ended wrong; or it cannot be told, for the reason given."""


async def prove(
    world: World, command: CommandMessage, name: str, undos: Sequence[str | None], changes: bool
) -> Proof[Any]:
    """Tries every order with each of the undos: None is the declared one, the others go by their names.

    ``changes`` is False for a command that declares that it has no effect. Raises Unproved.
    """
    await world.begin()
    before = await _seen(world)
    done = await _play(world, command, orders.COMMAND_ALONE)
    answer = done.answers("forward")[0]
    _check_command(name, before, done, answer, changes)
    refused = isinstance(answer, Refusal)
    undone: dict[str | None, Played] = {}
    for undo in () if refused and world.database is None else undos:
        undone[undo] = await _play(world, command, orders.COMMAND_AND_UNDO.by(undo))
        _check_undo(name, undo, before, done, undone[undo], refused)
    wanted = _wanted(done, undone, world.database is not None)
    faults: list[str] = []
    for order in wanted:
        ends = {End.NOTHING: before, End.DONE: done.effects, End.UNDONE: undone.get(order.undo, done).effects}
        if fault := await _fault(world, command, order, ends):
            faults.append(fault)
    if faults:
        raise Unproved(_report(name, len(wanted), faults))
    assert isinstance(answer, Success | Refusal)
    others = {undo: played.effects for undo, played in undone.items() if undo is not None}
    tried = tuple(order.name for order in wanted)
    return Proof(before, done.effects, undone.get(None, done).effects, answer, tried, others)


def _wanted(done: Played, undone: Mapping[str | None, Played], barrier: bool) -> list[Order]:
    """All orders, those with an undo once for each; a barrier makes up for what has died, and a batch that is lost."""
    wanted = [*orders.FORWARD, *(orders.BESIDE if barrier else ()), *(crash_orders(done.points) if barrier else ())]
    for undo, played in undone.items():
        back = [
            *orders.BACK,
            *(orders.BESIDE_BACK if barrier else ()),
            *(crash_orders_back(played.points) if barrier else ()),
        ]
        wanted += [order.by(undo) for order in back]
    return wanted


async def _play(world: World, command: CommandMessage, order: Order) -> Played:
    await world.begin()
    exchanges: list[Exchange] = []
    points: tuple[str, ...] = ()
    for number, part in enumerate(order.rounds, 1):
        crash = Crash(order.crash if number == len(order.rounds) else None)
        messages = [_message(command, sent, exchanges, order.undo) for sent in part.sent]
        try:
            exchanges += await _watched(world, crash, part, messages)
        except Crashed:
            exchanges += [Exchange(message, None) for message in messages]
            exchanges += await _round(world, part, messages)
        if crash.at is not None and not crash.fired:
            raise Unproved(
                f"“{order.name}”: the point where the process should have died was not reached; it did only: "
                f"{', '.join(crash.points)}. A handler must do the same each time it is given the same."
            )
        points = tuple(crash.points)
    return Played(await _seen(world), tuple(exchanges), points)


async def _seen(world: World) -> Any:
    # A copy: it may be a list that the handlers go on adding to.
    return deepcopy(await world.effects())


async def _watched(
    world: World, crash: Crash, part: Batch | AtOnce, messages: Sequence[CommandMessage]
) -> list[Exchange]:
    if world.database is None:
        return await _round(world, part, messages)
    with crash.armed(world.database):
        return await _round(world, part, messages)


async def _round(world: World, part: Batch | AtOnce, messages: Sequence[CommandMessage]) -> list[Exchange]:
    match part:
        case Batch():
            answers = await world.desk().handle(messages, beside_failing=part.beside_failing)
        case AtOnce():
            each = await asyncio.gather(*[world.desk().handle([message]) for message in messages])
            answers = [answer for answers in each for answer in answers]
        case _:
            assert_never(part)
    return [Exchange(message, answer) for message, answer in zip(messages, answers, strict=True)]


def _message(command: CommandMessage, sent: Sent, exchanges: Sequence[Exchange], undo: str | None) -> CommandMessage:
    """An undo says what the command answered, if anybody has heard of it."""
    if sent is Sent.COMMAND:
        return command
    heard = [e.answer.result for e in exchanges if e.message is command and isinstance(e.answer, Success)]
    return undo_message(command, heard[-1] if heard and sent is Sent.UNDO else NULL, undo=undo)


async def _fault(world: World, command: CommandMessage, order: Order, ends: Mapping[End, Any]) -> str | None:
    played = await _play(world, command, order)
    if failed := [each for each in played.exchanges if isinstance(each.answer, Failure)]:
        return _told(order, played, f"failed: {failed[0]}")
    if not any(played.effects == ends[end] for end in order.ends):
        wanted = " or ".join(dict.fromkeys(f"{ends[end]!r} ({_AS[end]})" for end in order.ends))
        return _told(order, played, f"expected {wanted}\n    found    {played.effects!r}")
    given = {msgspec.json.encode(answer) for answer in played.answers("forward")}
    if len(given) > 1:
        return _told(order, played, "the same command was given different answers")
    return None


_AS = {End.NOTHING: "as before", End.DONE: "as after the command once", End.UNDONE: "as after its undo"}


def _check_command(name: str, before: Any, done: Played, answer: Answer, changes: bool) -> None:
    if isinstance(answer, Failure):
        raise Unproved(
            f"{name} failed, so nothing can be proved: {answer.problem.type}: {answer.problem.message}\n"
            "Give it what it needs to begin with: given=… of the test, or other arguments."
        )
    changed = done.effects != before
    if isinstance(answer, Refusal) and changed:
        raise Unproved(
            f"{name} was refused ({answer.problem.type}), which means that nothing was done; but the effects were "
            f"{before!r} before and are {done.effects!r} after it. What it did elsewhere than through its session, it "
            "must not do before it refuses."
        )
    if isinstance(answer, Success) and changed is not changes:
        raise Unproved(
            f"effects=… shows {before!r} before {name} and after it: it cannot tell one effect from two. "
            "Let it show what the command changes."
            if changes
            else f"{name} is declared nothing_to_undo=True, but changed the effects from {before!r} to "
            f"{done.effects!r}: declare an undo for it."
        )


def _check_undo(name: str, undo: str | None, before: Any, done: Played, undone: Played, refused: bool) -> None:
    by = "" if undo is None else f" by {undo}"
    answer = undone.answers("undo")[0]
    if isinstance(answer, Failure):
        raise Unproved(f"The undo of {name}{by} failed: {answer.problem.type}: {answer.problem.message}")
    if refused and undone.effects != before:
        raise Unproved(f"{name} was refused, and its undo{by} changed the effects: {before!r} → {undone.effects!r}.")
    if not refused and undone.effects == done.effects:
        raise Unproved(
            f"The undo of {name}{by} changes nothing that effects=… shows: {done.effects!r} before it and after it. "
            "Either it does nothing, or effects=… does not show what it gives back."
        )


def _told(order: Order, played: Played, what: str) -> str:
    lines = [f"  {order.name}", f"    {what}", *(f"    {each}" for each in played.exchanges)]
    return "\n".join([*lines, f"    {order.hint}"] if order.hint else lines)


def _report(name: str, tried: int, faults: Sequence[str]) -> str:
    shown = "\n\n".join(faults[:5])
    more = f"\n\n  … and {len(faults) - 5} more" if len(faults) > 5 else ""
    return f"{name}: {len(faults)} of {tried} orders of its messages end wrong.\n\n{shown}{more}"
