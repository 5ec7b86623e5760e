"""Values of messages that are described but not yet sent or read: lifecycle notices."""

from typing import Literal

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
    "terminated",
    "continued",
]


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
