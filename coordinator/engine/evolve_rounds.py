"""How a saga's going on as new changes the state: nothing is left of it but what the event says."""

from coordinator.engine.agenda import DEADLINE
from coordinator.engine.lifecycle import SAGA_MOVES, IllegalMove, moved
from coordinator.engine.shown import Shown
from coordinator.engine.state import NO_SIGNALS, NO_UPDATES, ParentStep, SagaState, Signals, Updates
from coordinator.history.rounds import SagaContinued

_FIELDS = SagaState.__struct_fields__


def continued(state: SagaState, event: SagaContinued) -> None:
    """The round begins; where the state has an earlier one, that is settled."""
    if state.definition:
        moved(SAGA_MOVES, state.status, event, "The saga")
        if state.in_flight or state.undoing or state.to_undo or state.given_up or state.updates.open:
            raise IllegalMove("The saga", "not through with its round", event)
    new = _of(event)
    for name in _FIELDS:
        setattr(state, name, getattr(new, name))


def _of(event: SagaContinued) -> SagaState:
    state = SagaState(
        definition=event.definition,
        version=event.version,
        input=bytes(event.first_input),
        round=event.round,
        first_row=event.row,
        earlier_steps=event.steps,
        traceparent=event.traceparent,
        parent=ParentStep.of(event.parent, event.parent_undo),
        cancel=event.cancel,
        moves=event.moves,
        shown=_shown(event),
        signals=_signals(event),
        updates=_updates(event),
    )
    if event.deadline is not None:
        state.due.put(DEADLINE, event.deadline)
    return state


def _shown(event: SagaContinued) -> Shown | None:
    if not event.line and event.attributes is None:
        return None
    return Shown(event.line, event.attributes or {})


def _signals(event: SagaContinued) -> Signals:
    if not event.signals:
        return NO_SIGNALS
    kept = {each.signal: each for each in event.kept}
    return Signals(ids=dict(event.signal_ids), kept=kept, received=event.signals)


def _updates(event: SagaContinued) -> Updates:
    if not event.updates:
        return NO_UPDATES
    return Updates(ids={each.id: each.name for each in event.answered}, accepted=event.updates)
