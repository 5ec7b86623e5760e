"""What a saga hears of the saga whose step it is."""

import msgspec

from contracts.failures import Problem


class UndoRequested(msgspec.Struct, frozen=True, gc=False, tag="undo_requested"):
    """The parent goes back, or does without: this saga is to go back as soon as no pivot is in flight."""

    cause: Problem
    at: int
    attempt: int
    """Of the parent's undo."""


class SagaReopened(msgspec.Struct, frozen=True, gc=False, tag="saga_reopened"):
    """It had gone through, and now the parent goes back: all that was done is undone."""

    cause: Problem
    at: int
    attempt: int
    """Of the parent's undo."""
