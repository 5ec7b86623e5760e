"""What a person did to a saga, and why. What follows from it stands behind it, as ordinary events."""

from typing import Literal

import msgspec

Act = Literal["retry_step", "give_result", "retry_undo", "confirm_undo"]


class SagaPaused(msgspec.Struct, frozen=True, gc=False, tag="saga_paused"):
    """Nothing is sent and nothing is due until it is resumed; what comes is kept."""

    reason: str
    at: int


class SagaUnpaused(msgspec.Struct, frozen=True, gc=False, tag="saga_unpaused"):
    """It goes on. Timers and deadlines stood still: each is as far away as it was."""

    reason: str
    at: int


class StepSeenTo(msgspec.Struct, frozen=True, gc=False, tag="step_seen_to"):
    """A person saw to a step or its undo, by hand. ``confirm_undo``: it was undone without the participant."""

    step: int
    act: Act
    reason: str
    at: int
