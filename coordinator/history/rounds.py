"""Rounds: a saga that goes on as new begins another one, and what came before is not kept."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from contracts.attributes import Attributes
from contracts.failures import Problem
from coordinator.history.signals import SignalReceived
from coordinator.history.started import Parent, SagaStarted
from coordinator.history.updates import UpdateAnswered, UpdateRefused

if TYPE_CHECKING:
    from coordinator.history.events import Event


class AnsweredUpdate(msgspec.Struct, frozen=True, gc=False):
    """An update of an earlier round, and what became of it."""

    name: str
    id: str
    outcome: UpdateAnswered | UpdateRefused


class SagaContinued(msgspec.Struct, frozen=True, gc=False, tag="saga_continued", omit_defaults=True):
    """The code asked for another round, and this begins it. All that the round before did is settled and stands.

    It has all that later rounds need to know of the earlier ones: no row before its own is kept, nor the events before
    it in its own row.
    """

    round: int
    """2 for the first that is begun so."""
    row: int
    """The row of the history that it begins."""
    definition: str
    version: int
    """The round stays with this version of its definition."""
    input: msgspec.Raw
    """What the code is called with."""
    first_input: msgspec.Raw
    """What the saga was started with."""
    at: int
    steps: int
    """How many the rounds before asked for: numbers go on, so that a command's id never comes twice."""
    traceparent: str | None = None
    deadline: int | None = None
    """That of the whole saga: a round has none of its own."""
    cancel: Problem | None = None
    """Somebody had asked for it, and it was too late for the round before."""
    moves: int = 0
    """How many notices of the saga there may have been, with this one's; numbers go on."""
    line: str = ""
    """What lists show."""
    attributes: Attributes | None = None
    """By which lists find the saga."""
    own_attributes: tuple[str, ...] = ()
    """Names of those that the code has set, of which there may only be so many."""
    signals: int = 0
    """How many ever came; numbers go on."""
    signal_ids: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """Those that are remembered, with their names, oldest first: each is one signal, however often it comes."""
    kept: tuple[SignalReceived, ...] = ()
    """Signals that the code has not taken."""
    updates: int = 0
    """How many were ever taken in; numbers go on."""
    answered: tuple[AnsweredUpdate, ...] = ()
    """Those that are remembered, oldest first."""
    parent: Parent | None = None
    """The saga whose step it is."""
    parent_undo: int = 0
    """The attempt at which that saga asked for its undo, if it has, and it was too late for the round before."""


Begun = SagaStarted | SagaContinued
"""What a round begins with."""


def round_of(log: "Sequence[Event]") -> "Sequence[Event]":
    """The events of the round that stands at the end of the log: a history may hold earlier ones as well."""
    for place in range(len(log) - 1, 0, -1):
        if type(log[place]) is SagaContinued:
            return log[place:]
    return log


def begun(log: "Sequence[Event]") -> Begun | None:
    """What the log begins with; None where that is no beginning."""
    first = log[0] if log else None
    return first if isinstance(first, SagaStarted | SagaContinued) else None
