"""What both sides import: contracts, the envelope, ids."""

from contracts.command import Command, Undo, command
from contracts.contract import Contract
from contracts.failures import Failed, Problem, Refused, StepError, TimedOut
from contracts.kinds import COMPENSATABLE, PIVOT, RETRIABLE, Kind
from contracts.retry import Retry

__all__ = [
    "COMPENSATABLE",
    "PIVOT",
    "RETRIABLE",
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
