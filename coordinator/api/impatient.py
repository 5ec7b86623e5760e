"""Facts of people: they are told when the database is away, while replies and timers wait for it."""

import asyncio
from collections.abc import Callable

from coordinator.engine.facts import Fact, Verdict
from coordinator.errors import NOT_READY, ProblemError
from coordinator.runtime.intake import Intake
from coordinator.runtime.ports import OutcomeUnknown

_RETRY_SOON_S = 1


class ImpatientIntake:
    """Hands facts to an intake that would wait for ever."""

    def __init__(self, intake: Intake, trouble: Callable[[], str | None], answer_s: float) -> None:
        """``trouble`` says why nothing can be committed just now, if so. ``answer_s`` bounds the wait for a commit."""
        self._intake = intake
        self._trouble = trouble
        self._answer_s = answer_s

    async def submit(self, saga_id: str, fact: Fact) -> Verdict:
        """See ``FactIntake``. Raises ProblemError when nothing can be committed."""
        if (trouble := self._trouble()) is not None:
            raise ProblemError(NOT_READY, f"{trouble} Nothing was written: send it again.", retry_after_s=_RETRY_SOON_S)
        self._intake.admit(saga_id)
        verdict = self._intake.verdict(saga_id, fact)
        patience = asyncio.get_running_loop().call_later(self._answer_s, self._give_up, saga_id, verdict)
        try:
            return await verdict
        finally:
            patience.cancel()

    def _give_up(self, saga_id: str, verdict: "asyncio.Future[Verdict]") -> None:
        if not verdict.done():
            verdict.set_exception(OutcomeUnknown(f"{saga_id} was not committed within {self._answer_s:g} s."))
