"""The saga an address means."""

from typing import Annotated

from fastapi import Path

from contracts.ids import MAX_KEY_LENGTH
from coordinator.api.parts import Parts
from coordinator.errors import UNKNOWN_SAGA, ProblemError
from coordinator.runtime.ports import SagaView

SagaId = Annotated[str, Path(description="`{definition}:{key}`.", examples=["book_trip:trip-1"])]
SignalName = Annotated[str, Path(description="The parameter of the saga that takes it.", examples=["approval"])]
UpdateName = Annotated[str, Path(description="The parameter of the saga that takes it.", examples=["move"])]
QueryName = Annotated[str, Path(description="The parameter of the saga that answers it.", examples=["where"])]
_MAX_ID_LENGTH = 63 + 1 + MAX_KEY_LENGTH


async def known_saga(parts: Parts, saga_id: str) -> SagaView:
    """The saga. Raises ProblemError when there is none."""
    view = await parts.sagas.saga(saga_id) if can_be_a_saga(saga_id) else None
    if view is None:
        raise unknown_saga(saga_id)
    return view


def can_be_a_saga(saga_id: str) -> bool:
    """Whether the database can be asked at all."""
    return len(saga_id) <= _MAX_ID_LENGTH and saga_id.isprintable()


def unknown_saga(saga_id: str) -> ProblemError:
    """The refusal for an id that no saga has."""
    return ProblemError(
        UNKNOWN_SAGA,
        f"There is no saga {saga_id[:_MAX_ID_LENGTH]!r}: an id is '{{definition}}:{{key}}'; "
        "GET /v1/sagas lists those there are.",
    )
