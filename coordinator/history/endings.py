"""How a saga ended."""

import msgspec


class SagaCompleted(msgspec.Struct, frozen=True, gc=False, tag="saga_completed"):
    """It went through."""

    result: msgspec.Raw
    at: int


class SagaCompensated(msgspec.Struct, frozen=True, gc=False, tag="saga_compensated"):
    """Everything it had done is undone."""

    at: int


class SagaFailed(msgspec.Struct, frozen=True, gc=False, tag="saga_failed"):
    """It did not go through, and there was nothing to undo."""

    at: int
