"""The sagas of one run: the one that a test has started, and those that are run for it since sagas call them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import msgspec

from contracts.answers import Answer
from contracts.command_message import UndoValue
from contracts.failures import Problem
from contracts.ids import forward_id, parse_command_id
from contracts.values import NULL
from coordinator.engine.decision import Decision, Send, ToParent
from coordinator.engine.facts import Accepted, Fact, Known, Start, UndoChild
from coordinator.history.started import Parent
from coordinator.saga.children import DETACHED
from coordinator.saga.definition import SagaDefinition

_undo = msgspec.json.Decoder(UndoValue)
_problem = msgspec.json.Decoder(Problem)
_arguments = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Relative(Protocol):
    """One of them."""

    def tell(self, fact: Fact) -> Decision:
        """See SagaRun."""
        ...

    def told_by_child(self, said: ToParent) -> None:
        """A saga that it has called has come to something."""
        ...

    async def occur_here(self, at: int) -> bool:
        """Whatever is next of this one, happens."""
        ...

    @property
    def next_here_at(self) -> int | None:
        """When something happens next to this one, in ms since 1970."""
        ...

    @property
    def goes_nowhere(self) -> bool:
        """All that it waits for was tried in vain, will be tried for ever, and never succeeds."""
        ...

    def release(self) -> bool:
        """What is to come last, comes; False where nothing is."""
        ...

    def check_sent(self) -> None:
        """Raises Unsent where it waits for what the test does not send."""
        ...


class Family:
    """By id, in the order in which they began."""

    def __init__(
        self, real: Mapping[str, SagaDefinition], made: "Callable[[SagaDefinition, str, Family], Relative]"
    ) -> None:
        """``real``: by name, sagas that are run when another calls them. ``made``: one of them, of that key."""
        self._real, self._made = real, made
        self.members: dict[str, Relative] = {}

    def runs(self, send: Send) -> bool:
        """Whether it calls, or undoes, a saga that is run for real."""
        return send.child is not None and send.child.partition(":")[0] in self._real

    def call(self, send: Send) -> Answer | None:
        """The saga hears of the call, or of the undo. What it answers at once."""
        child = send.child or ""
        name, _, key = child.partition(":")
        if child not in self.members:
            self.members[child] = self._made(self._real[name], key, self)
        decision = self.members[child].tell(_fact(send, self._real[name]))
        last = decision.verdicts[-1]
        return last.answer if isinstance(last, Accepted | Known) else None

    def hear(self, said: ToParent) -> None:
        """Whoever called it is told what one has come to."""
        if said.saga_id in self.members:
            self.members[said.saga_id].told_by_child(said)

    def is_in_vain(self, child: str) -> bool:
        """Whether nothing will ever come of waiting for it."""
        return child in self.members and self.members[child].goes_nowhere

    @property
    def goes_nowhere(self) -> bool:
        """Nothing will happen to any of them that would lead anywhere."""
        return all(each.goes_nowhere or each.next_here_at is None for each in self)

    @property
    def next(self) -> tuple[int, Relative] | None:
        """What happens next, and to whom."""
        times = [(at, member) for member in self.members.values() if (at := member.next_here_at) is not None]
        return min(times, key=lambda each: each[0], default=None)

    def __iter__(self) -> Iterator[Relative]:
        return iter(tuple(self.members.values()))


def _fact(send: Send, definition: SagaDefinition) -> Start | UndoChild:
    """As a coordinator makes it of the record."""
    call = forward_id(send.command_id)
    parent = Parent(parse_command_id(call).saga_id, call, send.attempt, detached=send.participant == DETACHED)
    if send.direction == "forward":
        return _start(definition, msgspec.Raw(send.value), parent)
    value = _undo.decode(send.value)
    start = _start(definition, value.command, msgspec.structs.replace(parent, attempt=1))
    return UndoChild(call, send.attempt, _problem.decode(value.cause), start)


def _start(definition: SagaDefinition, arguments: msgspec.Raw, parent: Parent) -> Start:
    given = _arguments.decode(arguments).get("input", NULL)
    return Start(definition.name, definition.version, given, parent=parent)
