"""The coordinator's HTTP interface, as the demo uses it. Survives the coordinator's death, as a client has to."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

_POLL_S = 0.02


class TripStuck(Exception):
    """A trip did not get where it should have."""


class Client:
    """Starts trips and looks at them."""

    def __init__(self, url: Callable[[], str]) -> None:
        """``url`` is asked anew for each request: a coordinator that was restarted may have another address."""
        self._url = url
        self._http = httpx.AsyncClient(timeout=10)

    async def close(self) -> None:
        """Ends the connections."""
        await self._http.aclose()

    async def start(self, trip: dict[str, Any]) -> str:
        """Starts a trip and returns its saga's id."""
        response = await self._http.post(f"{self._url()}/v1/sagas", json={"definition": "book_trip", "input": trip})
        if response.status_code not in (200, 202):
            raise TripStuck(f"The trip {trip['trip_id']} was not accepted: {response.text}")
        return f"book_trip:{trip['trip_id']}"

    async def saga(self, saga_id: str) -> dict[str, Any] | None:
        """The saga; None while the coordinator does not answer."""
        try:
            response = await self._http.get(f"{self._url()}/v1/sagas/{saga_id}")
        except httpx.TransportError:
            return None
        return response.json() if response.status_code == 200 else None

    async def events(self, saga_id: str) -> list[dict[str, Any]]:
        """All events of its history; none while the coordinator does not answer."""
        try:
            response = await self._http.get(f"{self._url()}/v1/sagas/{saga_id}/history")
        except httpx.TransportError:
            return []
        if response.status_code != 200:
            return []
        return [event for row in response.json()["rows"] for event in row["events"]]

    async def ended(self, saga_id: str, within_s: float = 40) -> str:
        """The saga's status once it has ended. Raises TripStuck."""

        async def status() -> str | None:
            saga = await self.saga(saga_id)
            return saga["status"] if saga and saga["status"] not in ("running", "compensating") else None

        return await self._until(status, f"{saga_id} has not ended", within_s)

    async def reached(self, saga_id: str, type: str, count: int, within_s: float = 40) -> None:
        """Returns once the history has so many events of the type. Raises TripStuck."""

        async def enough() -> bool | None:
            events = await self.events(saga_id)
            return sum(event["type"] == type for event in events) >= count or None

        await self._until(enough, f"{saga_id} has not had {count} × {type}", within_s)

    async def _until(self, fact: Callable[[], Any], what: str, within_s: float) -> Any:
        deadline = asyncio.get_running_loop().time() + within_s
        while (found := await fact()) is None:
            if asyncio.get_running_loop().time() > deadline:
                raise TripStuck(f"{what} after {within_s:.0f} s.")
            await asyncio.sleep(_POLL_S)
        return found
