"""What an author of sagas imports."""

from contracts import COMPENSATABLE, PIVOT, RETRIABLE, Contract, Failed, Refused, Retry, StepError, TimedOut, command
from coordinator.saga.decorator import saga
from coordinator.saga.definition import SagaDefinition
from coordinator.saga.definitions import Definitions

__all__ = [
    "COMPENSATABLE",
    "PIVOT",
    "RETRIABLE",
    "Contract",
    "Definitions",
    "Failed",
    "Refused",
    "Retry",
    "SagaDefinition",
    "StepError",
    "TimedOut",
    "command",
    "saga",
]
