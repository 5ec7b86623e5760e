"""A saga that goes on as new: whether it can, and what its next round is told."""

from collections.abc import Iterable, Sequence
from itertools import islice

import msgspec

from contracts.values import UnreadableValue
from coordinator.engine.agenda import DEADLINE
from coordinator.engine.run import Continued, Run, new_run
from coordinator.engine.shown import NOTHING
from coordinator.engine.state import SagaState
from coordinator.engine.turn import Turn
from coordinator.history.events import Event
from coordinator.history.rounds import AnsweredUpdate, SagaContinued
from coordinator.history.updates import UpdateAccepted, UpdateAnswered, UpdateRefused
from coordinator.saga.definition import SagaDefinition
from coordinator.saga.definitions import Definitions

SIGNALS_REMEMBERED = 1_000
"""Ids of so many signals go with the next round at least, and all those of the round that ends."""
UPDATES_REMEMBERED = 100
"""The same of updates, which are remembered with their answers."""


def cannot_go_on(run: Run | None, state: SagaState, definitions: Definitions) -> str | None:
    """Why the round that the code asks for cannot begin; None: it can, or the code asks for none."""
    if run is None or not isinstance(run.outcome, Continued):
        return None
    found = _next_definition(run.outcome, state, definitions)
    return found if isinstance(found, str) else None


def _next_definition(asked: Continued, state: SagaState, definitions: Definitions) -> SagaDefinition | str:
    name = state.definition
    definition = definitions.latest(name) if asked.version is None else definitions.get(name, asked.version)
    if definition is None:
        return (
            f"The saga's next round is to be of version {asked.version} of {name}, which is not deployed here: "
            "deploy it, or mend the code that asks for it. Nothing is lost."
        )
    try:
        definition.read_input(asked.input)
    except UnreadableValue as error:
        return (
            f"The input that version {state.version} gives the saga's next round does not fit {definition!r}: {error}. "
            f"Deploy code of version {definition.version} that takes it (a new field has a default), or code of "
            f"version {state.version} that gives another, or stays: ContinueAsNew(…, version={state.version}). "
            "Nothing is lost."
        )
    return definition


def begin_round(turn: Turn) -> None:
    """The next round begins: the code of the last one is settled, and can go on."""
    state, run = turn.state, turn.run
    assert run is not None, "the code asks for it"
    assert isinstance(run.outcome, Continued), "the code asks for it"
    definition = _next_definition(run.outcome, state, turn.definitions)
    assert isinstance(definition, SagaDefinition), "it can go on"
    shown = state.shown or NOTHING
    event = SagaContinued(
        round=state.round + 1,
        row=turn.row,
        definition=state.definition,
        version=definition.version,
        input=run.outcome.input,
        first_input=msgspec.Raw(state.input),
        at=turn.now,
        steps=state.last_step,
        traceparent=state.traceparent,
        deadline=state.due.at(DEADLINE),
        cancel=state.cancel,
        moves=state.moves + 1,
        line=shown.line,
        attributes=shown.attributes or None,
        own_attributes=tuple(sorted(run.own_attributes)),
        signals=state.signals.received,
        signal_ids=_remembered(turn),
        kept=tuple(state.signals.kept.values()),
        updates=state.updates.accepted,
        answered=tuple(_answered(turn.round)),
        parent=None if state.parent is None else state.parent.kept,
        parent_undo=0 if state.parent is None else state.parent.undo_attempt,
    )
    turn.drop_code()
    turn.begin(new_run(turn.saga_id, definition))
    turn.begin_round(event)


def _remembered(turn: Turn) -> dict[str, str]:
    """The ids of the signals of this round, of some before, and of those that nobody has taken."""
    signals = turn.state.signals
    most = max(SIGNALS_REMEMBERED, signals.received - _signals_before(turn.round))
    forgotten = dict(islice(signals.ids.items(), max(0, len(signals.ids) - most)))
    kept = {each.id for each in signals.kept.values()}
    return {id: name for id, name in signals.ids.items() if id not in forgotten or id in kept}


def _signals_before(round: Sequence[Event]) -> int:
    first = round[0]
    return first.signals if isinstance(first, SagaContinued) else 0


def _answered(round: Iterable[Event]) -> Sequence[AnsweredUpdate]:
    """The updates of this round, and some before, with their answers. All are answered when a round ends."""
    before: Sequence[AnsweredUpdate] = ()
    came: dict[int, UpdateAccepted] = {}
    answered: list[AnsweredUpdate] = []
    for event in round:
        match event:
            case SagaContinued():
                before = event.answered
            case UpdateAccepted(update):
                came[update] = event
            case UpdateAnswered(update) | UpdateRefused(update):
                answered.append(AnsweredUpdate(came[update].name, came[update].id, event))
            case _:
                pass
    room = max(0, UPDATES_REMEMBERED - len(answered))
    return [*before[max(0, len(before) - room) :], *answered]
