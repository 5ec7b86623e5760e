"""The oracle: what must be true of every saga once all is quiet, whatever was done to the system before.

Each check yields a sentence for everything that is not as it should be. ``tests/faults/test_oracle.py`` plants every
violation and sees it reported.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from contracts.ids import command_id, parse_command_id
from coordinator.engine.evolve import evolve
from coordinator.engine.machine import Machine
from coordinator.engine.status import ENDED, Status
from coordinator.history.children import SagaReopened
from coordinator.history.endings import SagaEnded
from coordinator.history.events import Event
from coordinator.history.parking import SagaParked
from coordinator.history.people import StepSeenTo
from coordinator.history.rounds import Begun, SagaContinued
from coordinator.history.scopes import ScopeUndoStarted
from coordinator.history.steps import (
    StepAbandoned,
    StepFailed,
    StepIssued,
    StepRefused,
    StepSucceeded,
    StepTimedOut,
)
from coordinator.history.undos import (
    CompensationStarted,
    UndoGivenUp,
    UndoIssued,
    UndoRegistered,
    UndoSkipped,
    UndoSucceeded,
)
from tests.faults.evidence import Evidence
from tests.faults.left_standing import LEFT_STANDING, left_standing

Check = Callable[[Evidence], Iterator[str]]
TERMINAL = SagaEnded
SETTLING = StepSucceeded | StepRefused | StepFailed | StepTimedOut | StepAbandoned
LATE_MS = 10_000
"""By so much a saga's row may show a wake-up too early; never too late (see ``runtime/waking.py``)."""


def acknowledged_sagas_are_found(evidence: Evidence) -> Iterator[str]:
    """O8: whatever was answered 2xx is there."""
    for saga_id in sorted(evidence.acknowledged - evidence.sagas.keys()):
        yield f"{saga_id} was acknowledged and is lost"


def sagas_end_or_say_why(evidence: Evidence) -> Iterator[str]:
    """O1: each saga has ended, or is parked with a reason."""
    for saga_id, row in evidence.sagas.items():
        if row.status == Status.PARKED:
            parked = [event for event in evidence.events(saga_id) if isinstance(event, SagaParked)]
            if not (row.parked_for and parked and parked[-1].message):
                yield f"{saga_id} is parked and does not say why"
        elif row.status not in ENDED:
            yield f"{saga_id} is stuck: {row.status} after {_last(evidence, saga_id)}"


def effects_come_once(evidence: Evidence) -> Iterator[str]:
    """O2: per saga, step and direction, at most one effect."""
    for (participant, command, direction), count in Counter(
        (effect.participant, effect.command_id, effect.direction) for effect in evidence.effects
    ).items():
        if count > 1:
            yield f"{participant} did {command} ({direction}) {count} times"


def effects_fit_the_outcome(evidence: Evidence) -> Iterator[str]:
    """O3: completed, and every step is done and not undone; or gone back, and every effect is undone, but for what a
    person let stand. An undo that the saga registered is done where it was due, by the step's own id, and is never
    undone."""
    done: dict[str, dict[str, set[str]]] = {}
    for effect in evidence.effects:
        saga_id = parse_command_id(effect.command_id).saga_id
        done.setdefault(saga_id, {}).setdefault(effect.command_id, set()).add(effect.direction)
    for saga_id in sorted(done.keys() - evidence.sagas.keys()):
        yield f"{saga_id} does not exist, and participants did {sorted(done[saga_id])}"
    for saga_id, row in evidence.sagas.items():
        effects = done.get(saga_id, {})
        registered = _registered(evidence, saga_id)
        if row.status in (Status.COMPENSATED, Status.FAILED):
            for command in [command for command, due in registered.items() if due is False]:
                yield f"{saga_id} is {row.status}, and never did {command}, which it had registered as an undo"
        yield from _own_undos(saga_id, registered, effects)
        effects = {command: directions for command, directions in effects.items() if command not in registered}
        if row.status == Status.COMPLETED:
            yield from _all_done(evidence, saga_id, effects)
        elif row.status in (Status.COMPENSATED, Status.FAILED):
            for command, directions in effects.items():
                if directions != {"forward", "undo"}:
                    yield f"{saga_id} is {row.status}, and of {command} there is only: {', '.join(directions)}"
        elif row.status in LEFT_STANDING:
            yield from left_standing(evidence, saga_id, effects)


def _registered(evidence: Evidence, saga_id: str) -> Mapping[str, bool | None]:
    """The undos that the saga registered with these participants, by command id: whether each was done; None: nobody
    can tell."""
    events = evidence.events(saga_id)
    sent = {event.step for event in events if isinstance(event, UndoIssued)}
    by_hand = {event.step for event in events if isinstance(event, StepSeenTo) and event.act == "confirm_undo"}
    done = {event.step for event in events if isinstance(event, UndoSucceeded)} - by_hand
    return {
        command_id(saga_id, event.step): True if event.step in done else None if event.step in sent else False
        for event in events
        if isinstance(event, UndoRegistered) and event.command.partition(".")[0] in evidence.ledgers
    }


def _own_undos(saga_id: str, registered: Mapping[str, bool | None], effects: Mapping[str, set[str]]) -> Iterator[str]:
    for command, done in registered.items():
        found = effects.get(command, set())
        if found - {"forward"} or (done is not None and done is not bool(found)):
            what = ", ".join(sorted(found)) or "nothing"
            yield f"{saga_id} registered {command} as an undo, which is {'' if done else 'not '}done; there is: {what}"


def _all_done(evidence: Evidence, saga_id: str, effects: Mapping[str, set[str]]) -> Iterator[str]:
    """Steps that the saga lived without, having caught their failure, are undone; the others are not."""
    events = evidence.events(saga_id)
    commands = {event.step: event.command for event in events if isinstance(event, StepIssued)}
    undone = {event.step for event in events if isinstance(event, UndoIssued)}
    succeeded = {event.step for event in events if isinstance(event, StepSucceeded)} - undone
    for step, command in commands.items():
        if command.partition(".")[0] not in evidence.ledgers:
            continue
        directions = effects.get(command_id(saga_id, step), set())
        if step in succeeded and directions != {"forward"}:
            found = ", ".join(directions) or "nothing"
            yield f"{saga_id} is completed, and of step {step} ({command}) there is: {found}"
        if step in undone and directions and directions != {"forward", "undo"}:
            yield f"{saga_id} gave up step {step} ({command}), and it is not undone"
    for command in effects.keys() - {command_id(saga_id, step) for step in commands}:
        yield f"{saga_id} never asked for {command}, and it was done"


def money_is_conserved(evidence: Evidence) -> Iterator[str]:
    """O3: what was taken is what was sold, for every saga that has ended and of which nobody let a part stand."""
    if not evidence.held.keys() >= {"flights", "hotels", "payments"}:
        return
    for saga_id, row in evidence.sagas.items():
        sold = evidence.held["flights"].get(saga_id, 0) + evidence.held["hotels"].get(saga_id, 0)
        taken = evidence.held["payments"].get(saga_id, 0)
        if row.status in ENDED and row.status not in LEFT_STANDING and taken != sold:
            yield f"{saga_id}: {taken} cents were taken for {sold} cents of bookings"


def undos_go_backwards(evidence: Evidence) -> Iterator[str]:
    """O4: undos run in reverse order of completion, one after another, each once its step is settled."""
    for saga_id in evidence.histories:
        yield from _backwards(saga_id, evidence.events(saga_id))


def _backwards(saga_id: str, events: list[Event]) -> Iterator[str]:
    undoable = {event.step for event in events if isinstance(event, StepIssued) and event.undoable}
    undoable |= {event.step for event in events if isinstance(event, UndoRegistered)}
    completed: list[int] = []
    settled: set[int] = set()
    under_way: set[int] = set()
    turned = False
    for event in events:
        match event:
            case StepSucceeded(step) | UndoRegistered(step):
                if step in undoable:
                    completed.append(step)
                settled.add(step)
            case StepRefused(step) | StepFailed(step) | StepTimedOut(step) | StepAbandoned(step):
                settled.add(step)
            case CompensationStarted() | ScopeUndoStarted() | SagaReopened():
                turned = turned or not isinstance(event, ScopeUndoStarted)
                settled.update(each.step for each in events if isinstance(each, StepIssued))
            case UndoIssued(step):
                if step not in settled:
                    yield f"{saga_id} undid step {step} before its outcome was known"
                if step in completed and turned:  # before, it is the scope's: see ScopeLedger
                    if under_way:
                        yield f"{saga_id} undid step {step} while the undo of {sorted(under_way)} was under way"
                    if later := completed[completed.index(step) + 1 :]:
                        yield f"{saga_id} undid step {step} before {later}, which completed after it"
                under_way.add(step)
            case UndoSucceeded(step) | UndoGivenUp(step) | UndoSkipped(step):
                under_way.discard(step)
                if step in completed:
                    completed.remove(step)
            case _:
                pass


def nothing_is_forgotten(evidence: Evidence) -> Iterator[str]:
    """O5: quiet means that the outbox is empty, and that whatever is pending has a timer, in time, in the row too."""
    for command in evidence.outbox:
        yield f"{command} is still in the outbox"
    for saga_id, row in evidence.sagas.items():
        machine = _rebuilt(evidence, saga_id)
        if row.status in ENDED:
            if row.wake_at is not None:
                yield f"{saga_id} has ended, and is to be woken at {row.wake_at}"
            continue
        due = machine.wake_at
        if due is not None and (row.wake_at is None or not due - LATE_MS <= row.wake_at <= due):
            yield f"{saga_id} has something due at {due}, and its row says {row.wake_at}"


def histories_are_whole(evidence: Evidence) -> Iterator[str]:
    """O6: gapless, begun once, ended once, and nothing after the end, unless a child is opened again; of a saga that
    went on as new, its last round."""
    for saga_id, row in evidence.sagas.items():
        rows = evidence.histories.get(saga_id, ())
        events = evidence.events(saga_id)
        first = events[0].row if events and isinstance(events[0], SagaContinued) else 1
        if [each.seq for each in rows] != list(range(first, len(rows) + first)) or not rows:
            yield f"{saga_id} has the rows {[each.seq for each in rows]}"
        begun = [place for place, event in enumerate(events) if isinstance(event, Begun)]
        if begun != [0]:
            yield f"{saga_id} began at {begun}"
        opened = {place for place, event in enumerate(events) if isinstance(event, SagaReopened)}
        ended = [place for place, event in enumerate(events) if isinstance(event, TERMINAL) and place + 1 not in opened]
        if ended != ([len(events) - 1] if row.status in ENDED else []):
            yield f"{saga_id} is {row.status}, has {len(events)} events, and ended at {ended}"
    for saga_id in sorted(evidence.histories.keys() - evidence.sagas.keys()):
        yield f"{saga_id} has a history and no row"


def rows_say_what_the_log_says(evidence: Evidence) -> Iterator[str]:
    """O7: replaying the log gives what the row shows; and replaying it up to each row, then taking in the next row's
    events, gives what replaying one row more gives."""
    for saga_id in evidence.sagas:
        try:
            yield from _replayed(evidence, saga_id)
        except Exception as error:
            yield f"{saga_id}: its log cannot be replayed: {error!r}"


def _replayed(evidence: Evidence, saga_id: str) -> Iterator[str]:
    row, machine = evidence.sagas[saga_id], _rebuilt(evidence, saga_id)
    shown = (row.status, row.parked_for, row.outcome)
    outcome = machine.state.outcome
    said = (machine.status.value, machine.state.parked_for, None if outcome is None else outcome.decode())
    if shown != said:
        yield f"{saga_id}: the row shows {shown}, the log says {said}"
    yield from _replays(evidence, saga_id)


def _replays(evidence: Evidence, saga_id: str) -> Iterator[str]:
    rows = [row.events for row in evidence.histories.get(saga_id, ())]
    machines = [Machine.rebuild(saga_id, rows[:count], evidence.definitions) for count in range(1, len(rows) + 1)]
    for count, machine in enumerate(machines, 1):
        if unfit := machine.advance((), 0).events:
            yield f"{saga_id}: the code does not fit the log up to row {count}: {unfit[0]}"
    for count, (machine, following) in enumerate(pairwise(machines), 1):
        for event in rows[count]:
            evolve(machine.state, event)
        if machine.state != following.state:
            yield f"{saga_id}: replayed to row {count}, row {count + 1} leads elsewhere"


def _rebuilt(evidence: Evidence, saga_id: str) -> Machine:
    rows = [row.events for row in evidence.histories.get(saga_id, ())]
    return Machine.rebuild(saga_id, rows, evidence.definitions)


def _last(evidence: Evidence, saga_id: str) -> str:
    events = evidence.events(saga_id)
    return repr(events[-1]) if events else "nothing"


CHECKS: Mapping[str, tuple[Check, ...]] = {
    "O1": (sagas_end_or_say_why,),
    "O2": (effects_come_once,),
    "O3": (effects_fit_the_outcome, money_is_conserved),
    "O4": (undos_go_backwards,),
    "O5": (nothing_is_forgotten,),
    "O6": (histories_are_whole,),
    "O7": (rows_say_what_the_log_says,),
    "O8": (acknowledged_sagas_are_found,),
}


def judge(evidence: Evidence) -> list[str]:
    """All that is not as it should be, each with the number of the rule."""
    return [
        f"{name}: {fault}" for name, checks in CHECKS.items() for check in checks for fault in _said(check, evidence)
    ]


def _said(check: Check, evidence: Evidence) -> Iterator[str]:
    try:
        yield from check(evidence)
    except Exception as error:  # a log that no engine would write
        yield f"{check.__name__} cannot be told: {error!r}"
