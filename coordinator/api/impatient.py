"""Facts of people: they are told when the database is away, while replies and timers wait for it."""

import asyncio
from collections.abc import Callable

from coordinator.api.parts import FactIntake
from coordinator.engine.facts import Fact, Verdict
from coordinator.errors import NOT_READY, ProblemError
from coordinator.runtime.ports import OutcomeUnknown

_RETRY_SOON_S = 1


class ImpatientIntake:
    """Hands facts to an intake that would wait for ever."""

    def __init__(self, intake: FactIntake, trouble: Callable[[], str | None], answer_s: float) -> None:
        """``trouble`` says why nothing can be committed just now, if so. ``answer_s`` bounds the wait for a commit."""
        self._intake = intake
        self._trouble = trouble
        self._answer_s = answer_s

    async def submit(self, saga_id: str, fact: Fact) -> Verdict:
        """See ``FactIntake``. Raises ProblemError when nothing can be committed."""
        if (trouble := self._trouble()) is not None:
            raise ProblemError(NOT_READY, f"{trouble} Nothing was written: send it again.", retry_after_s=_RETRY_SOON_S)
        try:
            async with asyncio.timeout(self._answer_s):
                return await self._intake.submit(saga_id, fact)
        except TimeoutError:
            raise OutcomeUnknown(f"{saga_id} was not committed within {self._answer_s:g} s.") from None
