"""A saga and its children, each with a driver of its own; what they say to each other is delivered here.

The drivers compare warm sagas with rebuilt ones after every activation.
"""

from collections import deque
from typing import Any, NamedTuple

import msgspec

from contracts import Problem
from contracts.answers import Answer
from contracts.command_message import UndoValue
from contracts.ids import forward_id, parse_command_id
from coordinator.engine.decision import Send
from coordinator.engine.facts import Accepted, Fact, Known, Reply, Start, UndoChild
from coordinator.history.started import Parent
from coordinator.saga import SagaDefinition
from coordinator.saga.children import DETACHED
from tests.sagas import NOON, SagaDriver

_undo = msgspec.json.Decoder(UndoValue)
_problem = msgspec.json.Decoder(Problem)
_arguments = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Word(NamedTuple):
    """Something said by one saga to another."""

    to: str
    fact: Fact


class Member(SagaDriver):
    """One of the family."""

    def __init__(self, family: "Family", *definitions: SagaDefinition, key: str) -> None:
        super().__init__(*definitions, key=key, now=family.now)
        self._family = family

    def advance(self, *facts: Fact) -> "Member":
        """See SagaDriver; and what it says goes out."""
        super().advance(*facts)
        assert self.last is not None
        for send in self.last.sends:
            if send.child is not None:
                self._family.words.append(self._family.request(send))
        for answer in self.last.answers:
            self._family.words.append(Word(answer.saga_id, Reply(answer.command_id, answer.attempt, answer.answer)))
        for fact, verdict in zip(facts, self.last.verdicts, strict=True):
            if isinstance(verdict, Accepted | Known) and verdict.answer is not None:
                self._family.words.append(answered(fact, verdict.answer))
        return self


class Family:
    """Several sagas of these definitions."""

    def __init__(self, *definitions: SagaDefinition) -> None:
        self.definitions = definitions
        self.now = NOON
        self.members: dict[str, Member] = {}
        self.words: deque[Word] = deque()
        """Said and not delivered."""

    def __getitem__(self, saga_id: str) -> Member:
        if saga_id not in self.members:
            name, _, key = saga_id.partition(":")
            own = [each for each in self.definitions if each.name == name]
            others = [each for each in self.definitions if each.name != name]
            self.members[saga_id] = Member(self, *own, *others, key=key)
        return self.members[saga_id]

    def start(self, saga_id: str, value: Any = None) -> Member:
        """A client starts it; what follows is delivered."""
        member = self[saga_id]
        member.start(value)
        self.deliver()
        return member

    def deliver(self, times: int = 1) -> None:
        """All that is said, and what comes of it, each word so often."""
        while self.words:
            word = self.words.popleft()
            for _ in range(times):
                self[word.to].advance(word.fact)

    def deliver_backwards(self) -> None:
        """What was said last arrives first."""
        while self.words:
            word = self.words.pop()
            self[word.to].advance(word.fact)

    def passes(self, ms: int) -> None:
        """Time goes by for all of them."""
        self.now += ms
        for member in list(self.members.values()):
            member.passes(ms)
        self.deliver()

    def request(self, send: Send) -> Word:
        """A call or an undo, as the coordinator that takes it hands it in."""
        assert send.child is not None
        name = send.child.partition(":")[0]
        definition = next(each for each in self.definitions if each.name == name)
        call = forward_id(send.command_id)
        parent = Parent(parse_command_id(call).saga_id, call, send.attempt, detached=send.participant == DETACHED)
        if send.direction == "forward":
            given = _arguments.decode(send.value).get("input", msgspec.Raw(b"null"))
            return Word(send.child, Start(name, definition.version, given, parent=parent))
        value = _undo.decode(send.value)
        given = _arguments.decode(value.command).get("input", msgspec.Raw(b"null"))
        start = Start(name, definition.version, given, parent=msgspec.structs.replace(parent, attempt=1))
        return Word(send.child, UndoChild(call, send.attempt, _problem.decode(value.cause), start))


def answered(fact: Fact, answer: Answer) -> Word:
    """What a saga answers at once, as its parent hears it."""
    match fact:
        case Start(parent=Parent(saga_id, command_id, attempt)):
            return Word(saga_id, Reply(command_id, attempt, answer))
        case UndoChild(command_id, attempt):
            return Word(parse_command_id(command_id).saga_id, Reply(f"{command_id}:undo", attempt, answer))
        case _:
            raise AssertionError(f"{fact!r} has no parent")
