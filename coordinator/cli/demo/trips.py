"""The five trips. Each says what is done to the system, and what must have come of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from coordinator.cli.demo.client import Client
from coordinator.cli.demo.history import attempts_of_undo, steps_in_words, undone_in_reverse
from coordinator.cli.stack import Stack


@dataclass(frozen=True, slots=True)
class TripReport:
    """How one trip went."""

    name: str
    what: str
    status: str
    detail: str
    seconds: float
    faults: tuple[str, ...]
    """What is not as it should be."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trip's play returns."""

    saga_id: str
    status: str
    detail: str = ""
    faults: tuple[str, ...] = ()


Play = Callable[[Stack, Client], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Trip:
    """One of the five."""

    name: str
    what: str
    expected: str
    play: Play

    async def take(self, stack: Stack, client: Client) -> TripReport:
        """Plays it and looks at what came of it."""
        begin = monotonic()
        outcome = await self.play(stack, client)
        seconds = monotonic() - begin
        faults = list(outcome.faults)
        if outcome.status != self.expected:
            faults.append(f"{self.name} is {outcome.status}, it should be {self.expected}")
        events = await client.events(outcome.saga_id)
        if not undone_in_reverse(events):
            faults.append(f"{self.name} was not undone in reverse order")
        detail = outcome.detail or steps_in_words(events)
        return TripReport(self.name, self.what, outcome.status, detail, seconds, tuple(faults))


def trip(number: int, **changes: Any) -> dict[str, Any]:
    """The input of trip number ``number``."""
    return {
        "trip_id": f"trip-{number}",
        "traveller": "Ada Lovelace",
        "destination": "Lisbon",
        "card": "visa-4242",
        **changes,
    }


async def booked(stack: Stack, client: Client) -> Outcome:
    """Nothing goes wrong."""
    saga_id = await client.start(trip(1))
    return Outcome(saga_id, await client.ended(saga_id))


async def refused(stack: Stack, client: Client) -> Outcome:
    """The card is refused: hotel and flight are undone, in reverse."""
    saga_id = await client.start(trip(2, card="refuse-0000"))
    return Outcome(saga_id, await client.ended(saga_id))


async def coordinator_killed(stack: Stack, client: Client) -> Outcome:
    """The coordinator is killed between the second step and the third, and started again."""
    saga_id = await client.start(trip(3, pause=0.5))
    await client.reached(saga_id, "step_succeeded", 2)
    stack.coordinator.kill()
    await stack.coordinator.ended()
    killed = monotonic()
    await stack.start_coordinator()
    status = await client.ended(saga_id)
    return Outcome(saga_id, status, f"resumed after {monotonic() - killed:.1f} s")


async def participant_killed(stack: Stack, client: Client) -> Outcome:
    """The hotel service dies between the commit of its business write and its reply, and is started again."""
    hotels = stack.participants["hotels"]
    await hotels.stop()
    await hotels.start({"AMENDS_FAILPOINTS": "participant_committed:kill"})
    saga_id = await client.start(trip(4))
    died = await hotels.ended()
    await hotels.start()
    status = await client.ended(saga_id)
    faults = () if died < 0 else ("the hotel service was not killed",)
    return Outcome(saga_id, status, "its booking was made once", faults)


async def undo_retried(stack: Stack, client: Client) -> Outcome:
    """The hotel service is down when its booking is to be undone, and comes back."""
    hotels = stack.participants["hotels"]
    saga_id = await client.start(trip(5, card="refuse-0000", pause=0.5))
    await client.reached(saga_id, "step_succeeded", 2)
    hotels.kill()
    await hotels.ended()
    await client.reached(saga_id, "undo_retried", 2)
    await hotels.start()
    status = await client.ended(saga_id)
    attempts = attempts_of_undo(await client.events(saga_id), step=2)
    faults = () if attempts >= 3 else (f"the undo had {attempts} attempts, there should have been several",)
    return Outcome(saga_id, status, f"{attempts} attempts", faults)


TRIPS = (
    Trip("trip-1", "a trip is booked", "completed", booked),
    Trip("trip-2", "the card is refused", "compensated", refused),
    Trip("trip-3", "the coordinator is killed (-9) after step 2", "completed", coordinator_killed),
    Trip("trip-4", "the hotel service is killed before it replies", "completed", participant_killed),
    Trip("trip-5", "the hotel service is down while it is to undo", "compensated", undo_retried),
)
