"""Values of messages that are described but not yet sent or read: requests by Kafka, and lifecycle notices."""

from typing import Any, Literal

import msgspec

from contracts.failures import Problem

Status = Literal[
    "running",
    "compensating",
    "completed",
    "compensated",
    "parked",
    "paused",
    "partially_compensated",
    "failed",
    "continued",
]


class StartSaga(msgspec.Struct, frozen=True, omit_defaults=True):
    """Asks for a saga: one record of ``amends.requests``."""

    definition: str
    """Name of the saga's definition."""
    input: Any
    """The saga's input."""
    key: str | None = None
    """Makes the saga's id; left out, the definition derives it from the input."""


class SagaChanged(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tells that a saga's status changed: one record of ``amends.lifecycle``."""

    definition: str
    version: int
    """Version of the definition that the saga runs on."""
    status: Status
    at: str
    """When, RFC 3339."""
    problem: Problem | None = None
    """Why it goes back, failed or is parked."""
