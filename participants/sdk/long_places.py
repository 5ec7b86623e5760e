"""The places of one process for handlers that take long, and the turn of those that wait for one."""

import asyncio

from contracts import Retry
from contracts.answers import Failure
from contracts.command_message import CommandMessage
from contracts.failures import Problem
from participants.sdk.long_run import LongRun

LONG_HANDLERS = 100
"""So many run at once, unless the process is told otherwise."""
WAITING = 10
"""So many wait for each place: enough that none is empty until those come again that were sent away."""
_AGAIN = Retry.forever(backoff="1s..5m")


class Places:
    """Those of one process."""

    def __init__(self, number: int) -> None:
        self._free = asyncio.Semaphore(number)
        self._most = number + number * WAITING
        self._come = set[asyncio.Task[None]]()

    @property
    def full(self) -> bool:
        """Nobody else may wait."""
        return len(self._come) >= self._most

    def expect(self, answering: "asyncio.Task[None]") -> None:
        """This one wants a place, or has one, until it is done."""
        self._come.add(answering)
        answering.add_done_callback(self._come.discard)

    async def take(self, run: LongRun) -> bool:
        """Whether it has a place now, in the order in which they came; told to end, it needs none.

        While it waits it says so, since its attempts would run out otherwise, though nothing has failed.
        """
        if not self._free.locked():
            return await self._free.acquire()
        return await run.unless_told_to_end(self._turn(run)) is True

    def give_back(self) -> None:
        """It has ended."""
        self._free.release()

    async def _turn(self, run: LongRun) -> bool:
        coming = asyncio.create_task(self._free.acquire())
        try:
            while not (await asyncio.wait([coming], timeout=run.patience_s))[0]:
                await run.say_it_is_there()
        except BaseException:
            if not coming.cancel():
                self._free.release()
            raise
        return True


def no_place(message: CommandMessage) -> Failure:
    """The answer to a command that nothing was done about. It may wait about as long again as it has waited."""
    return Failure(
        Problem(
            "no_place",
            "The participant has as many commands of this sort as it takes: the command comes again.",
            retryable=True,
            retry_after_ms=_AGAIN.delay_ms(message.attempt, message.command_id),
            counts=False,
        )
    )
