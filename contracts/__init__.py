"""What both sides import: contracts, the envelope, ids."""

from contracts.command import Command, command
from contracts.contract import Contract
from contracts.failures import Failed, Problem, Refused, StepError, TimedOut
from contracts.kinds import COMPENSATABLE, PIVOT, RETRIABLE, Kind
from contracts.overrides import BoundCommand
from contracts.retry import AwaitSignal, Retry
from contracts.undo import Undo

__all__ = [
    "COMPENSATABLE",
    "PIVOT",
    "RETRIABLE",
    "AwaitSignal",
    "BoundCommand",
    "Command",
    "Contract",
    "Failed",
    "Kind",
    "Problem",
    "Refused",
    "Retry",
    "StepError",
    "TimedOut",
    "Undo",
    "command",
]
