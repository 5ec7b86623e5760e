"""A saga with local steps: docs/writing-a-saga.md shows it."""

import httpx
import msgspec

from coordinator.saga import Contract, Refused, Retry, command, current_step, saga

CALENDAR = "https://calendar.example/entries"


class Visit(msgspec.Struct, frozen=True):
    """Who comes, and when."""

    guest: str
    day: str


class Calendar(Contract, name="calendar", local=True):
    """The office's calendar, which is somebody else's, and knows nothing of sagas."""

    @command(timeout="5s", retry=Retry(attempts=3, backoff="200ms..2s"))
    async def enter(self, visit: Visit) -> str:
        """Puts the visit down; the entry's number. Refused when the day is taken."""
        async with httpx.AsyncClient() as http:
            answer = await http.put(f"{CALENDAR}/{current_step().command_id}", json={"day": visit.day})
        if answer.status_code == 409:
            raise Refused("day_taken")
        return answer.raise_for_status().json()["number"]

    @enter.undo(retry=Retry.forever(backoff="1s..5m"))
    async def strike(self, visit: Visit, number: str | None) -> None:
        """Strikes it, if it is there; None: nobody knows."""
        entry = current_step().command_id.removesuffix(":undo")
        async with httpx.AsyncClient() as http:
            answer = await http.delete(f"{CALENDAR}/{entry}")
        if answer.status_code != 404:
            answer.raise_for_status()


class Doors(Contract, name="doors"):
    """A participant."""

    @command(timeout="10s")
    async def admit(self, guest: str, day: str) -> str:
        """The guest's badge."""
        ...

    @admit.undo()
    async def bar(self, guest: str, day: str, badge: str | None) -> None:
        """The badge opens nothing any more."""


@saga(version=1, key="{visit.guest}")
async def plan_visit(visit: Visit, calendar: Calendar, doors: Doors) -> str:
    """An entry in the calendar, and a badge."""
    await calendar.enter(visit)
    return await doors.admit(visit.guest, visit.day)
