"""What happened to a saga, in words."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from coordinator.engine.lifecycle import Forward
from coordinator.engine.state import SagaState
from coordinator.explore.driver import Driver
from coordinator.history.undos import UndoSucceeded


def summary(driver: Driver) -> str:
    """In one line: where the saga stands, why, and what was done and undone."""
    state = driver.state
    parts = [f"{driver.saga_id} is {driver.status}"]
    if state.parked_message:
        parts.append(state.parked_message.partition("\n")[0])
    elif state.cause is not None:
        parts.append(f"cause: {state.cause.type}")
    done = [step.command for step in state.steps.values() if step.forward is Forward.SUCCEEDED]
    undos = [driver.undo_of(each.step) for each in driver.history if isinstance(each, UndoSucceeded)]
    undone = [f"{'by ' if send.registered else ''}{send.type}" for send in undos if send is not None]
    waiting = [send.in_words for send in driver.out.values()]
    waiting += [f"the signal {name}" for name in state.signals.waits.values() if not driver.status.ended]
    waiting += [f"the signal {name}" for name in state.held_for]
    waiting += [f"the update {name}" for name in _open_updates(state) if not driver.status.ended]
    for what, names in (("succeeded", done), ("undone", undone), ("waiting for", waiting)):
        if names:
            parts.append(f"{what}: {', '.join(_counted(names))}")
    return "; ".join(parts)


def _open_updates(state: SagaState) -> list[str]:
    """Names of those that the code has not answered."""
    names = list(state.updates.ids.values())
    newest = state.updates.accepted + 1
    return [names[number - newest] for number in sorted(state.updates.open)]


def _counted(names: Sequence[str]) -> Iterator[str]:
    """What stands there several times in a row, once."""
    for name, again in groupby(names):
        times = len(list(again))
        yield name if times == 1 else f"{name} ({times:,} times)"
