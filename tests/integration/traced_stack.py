"""A coordinator and the demo's participants as real processes, all exporting to one OTLP endpoint."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

import migrations
from coordinator.cli.processes import Part
from tests.conftest import NewDatabase

PARTICIPANTS = ("flights", "hotels", "payments")
TRIP = {"traveller": "Ada", "destination": "LIS", "card": "4111"}


class TracedStack:
    """``coordinator`` may be killed and started again."""

    def __init__(self, coordinator: Part, participants: Sequence[Part]) -> None:
        self.coordinator = coordinator
        self._participants = participants
        self._url = ""

    async def start(self) -> None:
        """Starts whatever is not running."""
        for part in self._participants:
            await part.launch()
        await self.start_coordinator()
        for part in self._participants:
            await part.ready()

    async def start_coordinator(self, **extra: str) -> None:
        """Starts the coordinator; it listens on a port of its own choice. ``extra`` are variables of this run."""
        self._url = (await self.coordinator.start(extra)).split()[-1]

    async def trip(self, trip_id: str, *, traceparent: str | None = None, **changes: Any) -> httpx.Response:
        """Asks for a trip and waits for its end."""
        body = {"definition": "book_trip", "input": {**TRIP, "trip_id": trip_id, **changes}}
        headers = {"Prefer": "wait=30"} | ({"traceparent": traceparent} if traceparent else {})
        async with httpx.AsyncClient(base_url=self._url, timeout=60) as client:
            return await client.post("/v1/sagas", json=body, headers=headers)

    async def stop(self) -> None:
        """Stops all parts; they export what they have."""
        await asyncio.gather(*(part.stop() for part in (*self._participants, self.coordinator)))


@asynccontextmanager
async def traced_stack(
    *,
    endpoint: str,
    bootstrap: str,
    topic_prefix: str,
    new_database: NewDatabase,
    logs: Path,
    extra: dict[str, str] | None = None,
) -> AsyncGenerator[TracedStack]:
    """All parts, running. ``extra`` are further variables of the coordinator."""
    common = {
        "AMENDS_KAFKA_BOOTSTRAP": bootstrap,
        "AMENDS_TOPIC_PREFIX": topic_prefix,
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    database = await new_database()
    await migrations.upgrade(database)
    serving = {"AMENDS_DATABASE_URL": database, "AMENDS_HTTP_PORT": "0", "AMENDS_INSTANCE": "coordinator"}
    coordinator = Part(
        "coordinator",
        ("-m", "coordinator.cli", "serve"),
        common | serving | (extra or {}),
        logs / "coordinator.log",
    )
    participants = [
        Part(
            name,
            ("-m", f"participants.{name}"),
            common | {"AMENDS_PARTICIPANT_DATABASE_URL": await new_database(), "AMENDS_PARTICIPANT_INSTANCE": name},
            logs / f"{name}.log",
        )
        for name in PARTICIPANTS
    ]
    async with AsyncExitStack() as cleanup:
        stack = TracedStack(coordinator, participants)
        cleanup.push_async_callback(stack.stop)
        await stack.start()
        yield stack
