"""What a handler raises to say no, and what a saga sees at the ``await`` of a step that did not succeed."""

from typing import Any, Literal

import msgspec

Cause = Literal["refused", "failed", "timed_out", "cancelled"]
"""What sort of no it is for which a saga goes back, whatever the problem's type is called."""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a command did not succeed, as it travels and as it is kept."""

    type: str
    """Stable, machine-readable: ``card_declined``."""
    message: str = ""
    """A sentence for people."""
    retryable: bool = False
    retry_after_ms: int | None = None
    details: Any = None
    counts: bool = True
    """Of a failure: whether it is one of the attempts that the command's policy allows. Where nothing was begun, for
    want of room, it is not."""

    @property
    def in_words(self) -> str:
        """Its type, and its sentence if it has one."""
        return f"{self.type}: {self.message}" if self.message else self.type


class StepError(Exception):
    """A step did not succeed. Unless the saga catches it, the saga goes back: what was done is undone."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.in_words)
        self.problem = problem


class Refused(StepError):
    """A business no. Raised by a handler (never retried), or by a saga itself to go back."""

    def __init__(self, type: str, message: str = "", **details: Any) -> None:
        super().__init__(Problem(type=type, message=message, details=details or None))

    @classmethod
    def of(cls, problem: Problem) -> "Refused":
        """The refusal that carries this problem."""
        refused = cls(problem.type, problem.message)
        refused.problem = problem
        return refused


class Failed(StepError):
    """A technical failure. A handler may raise it to say whether and when to retry; other exceptions are retried."""

    def __init__(
        self, type: str, message: str = "", *, retryable: bool = True, retry_after_ms: int | None = None, **details: Any
    ) -> None:
        super().__init__(Problem(type, message, retryable, retry_after_ms, details or None))

    @classmethod
    def of(cls, problem: Problem) -> "Failed":
        """The failure that carries this problem."""
        failed = cls(problem.type, problem.message)
        failed.problem = problem
        return failed


class TimedOut(StepError):
    """No answer within the command's timeout and attempts: the outcome is unknown, so the step is undone too."""
