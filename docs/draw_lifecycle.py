"""Writes ``docs/lifecycle.md`` out of the engine's tables: run ``python docs/draw_lifecycle.py`` after they changed."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from coordinator.engine.lifecycle import BACK_MOVES, FORWARD_MOVES, SAGA_MOVES, Back, Forward
from coordinator.engine.status import ENDED, Status
from coordinator.history.events import Event
from coordinator.history.parking import SagaResumed
from coordinator.history.people import SagaUnpaused

PAGE = Path(__file__).with_name("lifecycle.md")
TEXT = """\
# Lifecycle

Drawn from the tables in [`coordinator/engine/lifecycle.py`](../coordinator/engine/lifecycle.py) by
`python docs/draw_lifecycle.py`; a test compares the two. What has no row there cannot happen: an event that meets a
state without one is a defect, changes nothing, and says so.

## A saga

{saga}

A parked or paused saga that is resumed goes on where it stood, as `running` or `compensating`.
[The glossary](glossary.md#statuses) says what each status means.

## The forward path of a step

{forward}

A step that ends as `failed`, `timed_out` or `abandoned` has an unknown outcome: something may have happened, so it is
undone if it has an undo. `registered` is a step that is nothing but an undo (`on_undo`): `undo_registered` makes it so.

## The undo of a step

{back}

`none` is a step whose undo was not asked for. An undo that was `given_up` parks its saga; the other undos go on.
Resumed, it gets a new budget. One that is `skipped` is not to be done: a person decided so.
"""


class Move(NamedTuple):
    """From one state to another."""

    before: StrEnum
    event: type[Event]
    after: StrEnum


def page() -> str:
    """The page's text."""
    saga = [Move(before, event, after) for (before, event), after in SAGA_MOVES.items()]
    saga += [Move(Status.PARKED, SagaResumed, after) for after in (Status.RUNNING, Status.COMPENSATING)]
    saga += [Move(Status.PAUSED, SagaUnpaused, after) for after in (Status.RUNNING, Status.COMPENSATING)]
    forward = [Move(before, event, after) for (before, event), after in FORWARD_MOVES.items()]
    back = [Move(before, event, after) for (before, event), after in BACK_MOVES.items()]
    return TEXT.format(
        saga=drawn(saga, Status.RUNNING, ENDED),
        forward=drawn(forward, Forward.PENDING, set(Forward) - {move.before for move in forward}),
        back=drawn(back, Back.NONE, [Back.DONE, Back.SKIPPED]),
    )


def drawn(moves: Sequence[Move], first: StrEnum, last: Iterable[StrEnum]) -> str:
    """The moves as a diagram, and as a table for those who read rather than look."""
    named = [(move.before, str(move.event.__struct_config__.tag), move.after) for move in moves]
    arrows = [f"    {before} --> {after}: {event}" for before, event, after in named]
    ends = [f"    {state} --> [*]" for state in sorted(last)]
    rows = [f"| `{before}` | `{event}` | `{after}` |" for before, event, after in named]
    drawing = ["```mermaid", "stateDiagram-v2", f"    [*] --> {first}", *arrows, *ends, "```"]
    return "\n".join([*drawing, "", "| state | event | then |", "|---|---|---|", *rows])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
