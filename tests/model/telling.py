"""A behaviour of the model in words: what each step changed, and where."""

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tests.model.tlc import State
from tests.model.values import read_state


def told(behaviour: Sequence[State]) -> Iterator[str]:
    """A line for each change, numbered by step."""
    states: list[Any] = [read_state(state.variables) for state in behaviour]
    for number, (before, after) in enumerate(itertools.pairwise(states), 1):
        changes = list(_changes(before, after)) or ["nothing changes"]
        action = re.sub(r"(?<!^)(?=[A-Z])", " ", behaviour[number].action).lower()
        yield f"{number:>4}  {action:<21} {changes[0]}"
        yield from (f"{'':28}{change}" for change in changes[1:])


def _changes(before: Any, after: Any) -> Iterator[str]:
    for coordinator, rows in after["flight"].items():
        for saga, row in rows.items():
            was = before["flight"][coordinator][saga]
            if row != was:
                yield from _flight(coordinator, saga, was, row, after["history"][saga] != before["history"][saga])
    for saga in after["history"]:
        yield from _saga(saga, _of(before, saga), _of(after, saga))


def _of(state: Any, saga: str) -> dict[str, Any]:
    return {name: value[saga] for name, value in state.items() if name != "flight"}


def _flight(coordinator: str, saga: str, was: Any, row: Any, landed: bool) -> Iterator[str]:
    if row["seq"]:
        yield f"{coordinator} decides row {row['seq']} of {saga}: {_events(row['events'])}"
    elif landed:
        yield f"{coordinator} commits row {was['seq']} of {saga}"
    else:
        yield f"{coordinator} has lost row {was['seq']} of {saga}: {_events(was['events'])}"


def _saga(saga: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    if new := after["history"]["events"][len(before["history"]["events"]) :]:
        yield f"history of {saga}: + {_events(new)}"
    for table, name in (
        ("outbox", f"outbox of {saga}"),
        ("confirmed", f"acknowledged, of {saga}"),
        ("commands", f"Kafka, commands for {saga}"),
        ("replies", f"Kafka, replies to {saga}"),
    ):
        came = sorted(map(_message, after[table] - before[table]))
        gone = sorted(map(_message, before[table] - after[table]))
        if came or gone:
            yield f"{name}: " + ", ".join([*(f"+ {each}" for each in came), *(f"- {each}" for each in gone)])
    for step, (was, known) in enumerate(zip(before["barrier"], after["barrier"], strict=True), 1):
        if was != known:
            yield f"barrier: step {step} of {saga}: {was} → {known}"
    for step, direction in after["effects"][len(before["effects"]) :]:
        yield f"EFFECT: step {step} of {saga} is {'undone' if direction == 'undo' else 'done'}"


def _message(message: Any) -> str:
    name = f"{'undo' if message['direction'] == 'undo' else 'command'} {message['step']}"
    if message["attempt"] > 1:
        name += f" (attempt {message['attempt']})"
    return f"{message['answer']}: {name}" if "answer" in message else name


def _events(events: Any) -> str:
    return ", ".join(f"{kind} {step}" if step else str(kind) for kind, step, _ in events)
