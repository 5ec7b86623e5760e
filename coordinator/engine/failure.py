"""Which exceptions of a saga are a no, and which are bugs (docs/decisions/0003)."""

import asyncio

from contracts.failures import Cause, Failed, Problem, StepError, TimedOut
from coordinator.engine.kept import kept_problem, kept_text

DEADLINE = "deadline_exceeded"
"""Type of the problem of a saga that did not end by its deadline."""


def cause_of(error: BaseException) -> Cause:
    """What sort of no it is; of several at once, the first."""
    match error:
        case BaseExceptionGroup(exceptions=errors):
            return cause_of(errors[0])
        case Failed():
            return "failed"
        case TimedOut() | TimeoutError():
            return "timed_out"
        case asyncio.CancelledError():
            return "cancelled"
        case _:
            return "refused"


def problem_of(error: BaseException) -> Problem | None:
    """Why the saga goes back; None when the exception is a bug in its code."""
    match error:
        case StepError():
            problem: Problem | None = getattr(error, "problem", None)  # its author may have forgotten the base class
            return None if problem is None else kept_problem(problem)
        case TimeoutError():
            return Problem(type="timeout", message=kept_text(error) or "An asyncio.timeout() of the saga ran out.")
        case asyncio.CancelledError():
            return Problem(type="cancelled", message="The saga cancelled itself.")
        case BaseExceptionGroup(exceptions=errors):
            problems = [problem_of(each) for each in errors]
            return None if None in problems else problems[0]
        case _:
            return None
