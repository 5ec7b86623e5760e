"""What an author of sagas imports."""

from contracts import (
    COMPENSATABLE,
    PIVOT,
    RETRIABLE,
    AwaitSignal,
    Contract,
    Failed,
    Refused,
    Retry,
    StepError,
    TimedOut,
    command,
)
from coordinator.saga.children import child, detach
from coordinator.saga.deadline import extend_deadline
from coordinator.saga.decorator import saga
from coordinator.saga.definition import SagaDefinition
from coordinator.saga.definitions import Definitions
from coordinator.saga.drawn import new_uuid, random_float
from coordinator.saga.local_steps import LocalStep, current_step
from coordinator.saga.now import now
from coordinator.saga.own_undos import on_undo
from coordinator.saga.patches import patched
from coordinator.saga.queries import Query
from coordinator.saga.rounds import ContinueAsNew
from coordinator.saga.scopes import Scope, scope
from coordinator.saga.shown import attributes, status
from coordinator.saga.signals import Signal
from coordinator.saga.updates import Update

__all__ = [
    "COMPENSATABLE",
    "PIVOT",
    "RETRIABLE",
    "AwaitSignal",
    "ContinueAsNew",
    "Contract",
    "Definitions",
    "Failed",
    "LocalStep",
    "Query",
    "Refused",
    "Retry",
    "SagaDefinition",
    "Scope",
    "Signal",
    "StepError",
    "TimedOut",
    "Update",
    "attributes",
    "child",
    "command",
    "current_step",
    "detach",
    "extend_deadline",
    "new_uuid",
    "now",
    "on_undo",
    "patched",
    "random_float",
    "saga",
    "scope",
    "status",
]
