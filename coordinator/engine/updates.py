"""What becomes of an update: taken in by the saga's code, or refused without a trace."""

import msgspec

from contracts.failures import Problem
from coordinator.engine.facts import Accepted, Conflict, Declined, Known, Update, Verdict
from coordinator.engine.failure import problem_of
from coordinator.engine.handlers import arguments_of
from coordinator.engine.kept import named
from coordinator.engine.rebuild import stand_again
from coordinator.engine.replay import CodeMismatch
from coordinator.engine.run import Run
from coordinator.engine.script import Meddled
from coordinator.engine.signals import misfit_of
from coordinator.engine.status import Status
from coordinator.engine.turn import Turn
from coordinator.history.updates import UpdateAccepted


def on_update(turn: Turn, update: Update) -> Verdict:
    """Nothing changes unless it is Accepted."""
    name = turn.state.updates.ids.get(update.id)
    if name is not None:
        return (
            Known()
            if name == update.name
            else Conflict(f"The id {update.id} is that of an update {name} already: give each update an id of its own.")
        )
    if (closed := _closed(turn)) is not None:
        return Conflict(closed)
    definition = turn.definitions.get(turn.state.definition, turn.state.version)
    if (misfit := misfit_of(definition, update)) is not None:
        return misfit
    return _asked(turn, update)


def _closed(turn: Turn) -> str | None:
    """Why the saga takes no updates, if so."""
    state = turn.state
    if state.status.ended:
        return f"The saga has ended: it is {state.status}. It takes no updates any more."
    if state.cause is not None or state.must_go_back:
        return "The saga goes back: it takes no updates any more."
    if state.paused_at is not None:
        return "The saga is paused, and its code cannot be asked: send the update again when it goes on."
    if state.code_stopped:
        return "The saga is parked, and its code cannot be asked: send the update again when it goes on."
    if state.status is Status.PARKED and turn.run is not None and not turn.run.main_done:
        return "The saga is parked for an undo: send the update again when it goes on."
    if turn.run is None or state.status is not Status.RUNNING:
        return "The saga's code has ended: it takes no updates any more."
    return None


def _asked(turn: Turn, update: Update) -> Verdict:
    run = turn.run
    assert run is not None, "the saga is not closed"
    try:
        refusal = _refusal(run, update.name, update.value)
    except Meddled as error:
        try:
            rebuilt = stand_again(turn.saga_id, turn.round, turn.definitions)
        except CodeMismatch as mismatch:  # it is not the same each time: a restart would have found it out
            turn.park("code", str(mismatch))
            return Declined(Problem("check_failed", str(error)))
        assert rebuilt.run is not None, "its code was called again"
        run.discard()
        turn.state = rebuilt.state
        turn.begin(rebuilt.run)
        return Declined(Problem("check_failed", str(error)))
    match refusal:
        case None:
            number = turn.state.updates.accepted + 1
            turn.record(UpdateAccepted(number, update.name, update.id, update.value, turn.now))
            return Accepted()
        case Problem():
            return Declined(refusal)
        case str():
            return Conflict(refusal)


def _refusal(run: Run, name: str, value: msgspec.Raw) -> Problem | str | None:
    """Why the code does not take it now: its own no, or a sentence. Raises Meddled."""
    if run.goes_on:
        return "The saga's code begins anew as soon as all is settled: send the update again in a moment."
    if run.main_done or run.error is not None:
        return "The saga's code has ended: it takes no updates any more."
    if name not in run.handlers.handles:
        return f"The saga takes no update {name} at this point: its code has given it no handler yet."
    if (check := run.handlers.checks.get(name)) is None:
        return None
    what = f"The check of the update {name}"
    try:
        returned = run.look(what, check, arguments_of(run.definition.updates[name], value))
    except (Meddled, KeyboardInterrupt):
        raise
    except BaseException as error:  # none comes out of an activation
        return problem_of(error) or Problem("check_failed", f"{what} raised {named(error)}.")
    if returned is not None:
        return Problem("check_failed", f"{what} returned a value: it raises Refused, or returns nothing.")
    return None
