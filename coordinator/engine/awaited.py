"""Whether anybody still waits for an attempt of a command or an undo."""

import msgspec

from contracts.ids import parse_command_id
from coordinator.engine.agenda import Due
from coordinator.engine.lifecycle import Back, Forward
from coordinator.engine.state import SagaState


class Awaited(msgspec.Struct, frozen=True, gc=False):
    """The saga waits for its answer, or will."""

    deadline: int | None
    """Until then, in ms; None: as long as it takes, such as while the saga stands still."""
    progress: bytes | None = None
    """JSON: how far the step got, if that was told."""
    stands_still: bool = False
    """The saga is paused, or waits for mended code: what comes is kept, and nothing is begun."""
    not_yet: bool = False
    """This state is older than the attempt: it knows nothing of it."""


_STANDS_STILL = Awaited(None, stands_still=True)
_NOT_YET = Awaited(None, not_yet=True)


def awaited(state: SagaState, command_id: str, attempt: int) -> Awaited | None:
    """None: nobody waits for it. Its answer may come all the same. Raises ValueError for what is no command's id."""
    ref = parse_command_id(command_id)
    if state.status.ended or 0 < ref.step <= state.earlier_steps:
        return None
    step = state.steps.get(ref.step)
    if step is None:
        return _NOT_YET
    if (meant := step.meant_by(ref)) is None:
        return None
    if attempt > (step.undo_attempt if meant.undo else step.attempt):
        return _NOT_YET
    if meant.undo:
        waits, latest, what = step.back is Back.PENDING, step.undo_attempt, Due.UNDO
    else:
        waits, latest, what = step.forward is Forward.PENDING, step.attempt, Due.STEP
    if not waits or attempt != latest:
        return None
    if state.paused_at is not None or (state.code_stopped and not meant.undo):
        return _STANDS_STILL
    return Awaited(state.due.at((what, ref.step)), None if ref.undo else step.progress)
