"""What becomes of a signal: received, kept for later, or refused with the reason."""

from collections.abc import Mapping

import msgspec

from contracts.ids import MAX_REQUEST_ID_LENGTH, can_be_a_request_id
from contracts.values import UnreadableValue
from coordinator.engine.facts import Accepted, Conflict, Known, Signal, Unfit, Update, Verdict
from coordinator.engine.held import heed, held_for
from coordinator.engine.state import SagaState
from coordinator.engine.status import Status
from coordinator.engine.turn import Turn
from coordinator.history.signals import SignalDeferred, SignalReceived
from coordinator.saga.definition import SagaDefinition
from coordinator.saga.nearest import instead
from coordinator.saga.parameters import ValueType


def on_signal(turn: Turn, signal: Signal) -> Verdict:
    """Nothing changes unless it is Accepted."""
    state = turn.state
    if (known := _known(state, signal)) is not None:
        return known
    awaited = bool(held_for(state, signal.name))
    if not awaited and (closed := _closed(state)) is not None:
        return Conflict(closed)
    definition = turn.definitions.get(state.definition, state.version)
    misfit = misfit_of(definition, signal)
    if misfit is not None and not (awaited and misfit.what == "name"):
        return misfit
    take(turn, signal)
    return Accepted()


def take(turn: Turn, signal: Signal) -> None:
    """It is for steps that are held, for the code, or for both; or, while the saga stands still, for later."""
    state = turn.state
    if state.stands_still or not held_for(state, signal.name):
        keep(turn, signal)
        return
    heed(turn, signal)
    definition = turn.definitions.get(state.definition, state.version)
    if state.cause is None and definition is not None and signal.name in definition.signals:
        keep(turn, signal)


def keep(turn: Turn, signal: Signal) -> None:
    """The code hears of one that fits; or, while it stands still, of it later."""
    if turn.state.stands_still:
        turn.record(SignalDeferred(signal.name, signal.id, signal.value, turn.now))
    else:
        number = turn.state.signals.received + 1
        turn.record(SignalReceived(number, signal.name, signal.id, signal.value, turn.now))


def _known(state: SagaState, signal: Signal) -> Known | Conflict | None:
    """What its id has come with before, if it has."""
    name = state.signals.ids.get(signal.id)
    if name is None and isinstance(deferred := state.deferred.get(("signal", signal.id)), SignalDeferred):
        name = deferred.name
    if name in (None, signal.name):
        return None if name is None else Known()
    return Conflict(f"The id {signal.id} is that of a signal {name} already: give each signal an id of its own.")


def _closed(state: SagaState) -> str | None:
    """Why nobody will ever take a signal, if so."""
    if state.status.ended:
        return f"The saga has ended: it is {state.status}. It takes no signals any more."
    if state.cause is not None:
        return "The saga goes back: it takes no signals any more."
    if state.status is not Status.RUNNING and not state.stands_still:
        return "The saga's code has ended: it takes no signals any more."
    return None


def misfit_of(definition: SagaDefinition | None, sent: Signal | Update) -> Unfit | None:
    """What does not fit; the name and the value are looked at where the saga's code is deployed."""
    its, verb = ("A signal's", "takes no signal") if isinstance(sent, Signal) else ("An update's", "takes no update")
    if not can_be_a_request_id(sent.id):
        return Unfit(f"{its} id has 1 to {MAX_REQUEST_ID_LENGTH} printable characters.", "id")
    if isinstance(sent, Update) and sent.id in (".", ".."):
        return Unfit("An update's id is part of its address, where '.' and '..' mean something else.", "id")
    if definition is None:
        return None
    taken = definition.signals if isinstance(sent, Signal) else definition.updates
    return misfit_among(taken, definition, verb, sent.name, sent.value)


def misfit_among(
    declared: Mapping[str, ValueType], definition: SagaDefinition, no: str, name: str, value: msgspec.Raw
) -> Unfit | None:
    """What does not fit, of a name and a value that came for one of these; ``no`` is such as ``takes no signal``."""
    if name not in declared:
        known = instead(name, declared, no.partition(" ")[0])
        return Unfit(f"{definition.name} version {definition.version} {no} {name[:80]!r}: {known}", "name")
    try:
        declared[name].read(value)
    except UnreadableValue as error:
        return Unfit(str(error))
    return None
