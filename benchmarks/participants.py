"""Three participants that answer at once and keep nothing: what is left is the cost of the messages."""

from benchmarks.contracts import Done, First, Second, Third, Work
from contracts import Refused
from participants.sdk import Participant

first = Participant(First, barrier=False)
second = Participant(Second, barrier=False)
third = Participant(Third, barrier=False)


@first.on(First.work)
async def work_first(work: Work) -> Done:
    """Done."""
    return Done(work.number)


@second.on(Second.work)
async def work_second(work: Work) -> Done:
    """Done."""
    return Done(work.number)


@third.on(Third.work)
async def work_third(work: Work) -> Done:
    """Done, or refused."""
    if work.refuse:
        raise Refused("told_to")
    return Done(work.number)


@first.on(First.unwork)
async def unwork_first(work: Work, done: Done | None) -> None:
    """Undone."""


@second.on(Second.unwork)
async def unwork_second(work: Work, done: Done | None) -> None:
    """Undone."""


@third.on(Third.unwork)
async def unwork_third(work: Work, done: Done | None) -> None:
    """Undone."""
