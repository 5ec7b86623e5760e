"""How a saga ended."""

import msgspec


class SagaCompleted(msgspec.Struct, frozen=True, gc=False, tag="saga_completed"):
    """It went through."""

    result: msgspec.Raw
    at: int


class SagaCompensated(msgspec.Struct, frozen=True, gc=False, tag="saga_compensated"):
    """Everything it had done is undone."""

    at: int


class SagaPartiallyCompensated(msgspec.Struct, frozen=True, gc=False, tag="saga_partially_compensated"):
    """Everything it had done is undone, but for what a person decided not to undo."""

    at: int


class SagaTerminated(msgspec.Struct, frozen=True, gc=False, tag="saga_terminated"):
    """A person ended it where it stood: what it had done stands."""

    reason: str
    at: int


class SagaFailed(msgspec.Struct, frozen=True, gc=False, tag="saga_failed"):
    """It did not go through, and there was nothing to undo."""

    at: int


SagaEnded = SagaCompleted | SagaCompensated | SagaPartiallyCompensated | SagaFailed | SagaTerminated
"""Nothing happens to the saga any more, unless it is the child of one that goes back."""
