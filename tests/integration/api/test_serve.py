"""``amends serve`` as a real process, on real servers."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from coordinator.cli.processes import Part, ProcessFailed
from tests.integration.api.conftest import MakeCoordinator
from tests.unit.runtime.until import until_soon

TRIP: dict[str, Any] = {
    "definition": "book_trip",
    "input": {"trip_id": "t1", "traveller": "Ada", "destination": "Lisbon", "card": "visa-4242"},
}
JSON = {"Content-Type": "application/json"}


async def start(coordinator: Part) -> httpx.AsyncClient:
    """Starts it and returns a client of it."""
    name, url = (await coordinator.start()).split()
    assert name == "coordinator"
    return httpx.AsyncClient(base_url=url, timeout=30)


@pytest.fixture
async def client(coordinator: Part) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a coordinator that runs."""
    async with await start(coordinator) as client:
        yield client


async def test_says_that_it_is_ready(coordinator: Part) -> None:
    """Its standard output is one line, and then it takes work."""
    async with await start(coordinator) as client:
        assert (await client.get("/readyz")).status_code == 200
    await coordinator.stop()
    lines = coordinator.log.read_text().splitlines()
    assert [line for line in lines if not line.startswith("{")] == [f"ready coordinator {client.base_url}".rstrip("/")]


async def test_start_get_list(client: httpx.AsyncClient) -> None:
    """A saga is started once, found and listed."""
    first, again = [await client.post("/v1/sagas", json=TRIP) for _ in range(2)]
    assert (first.status_code, again.status_code) == (202, 202)
    found = (await client.get(first.headers["location"])).json()
    assert found["input"] == TRIP["input"]
    listed = (await client.get("/v1/sagas", params={"definition": "book_trip", "status": "running"})).json()
    assert listed["sagas"] == [found]


async def test_the_same_start_many_times_at_once(client: httpx.AsyncClient) -> None:
    """A hundred equal starts at once are one saga; another input is a conflict every time (S1)."""
    other = {**TRIP, "input": {**TRIP["input"], "card": "another"}}
    await client.post("/v1/sagas", json=TRIP)
    answers = await asyncio.gather(*(client.post("/v1/sagas", json=body) for body in [TRIP, other] * 50))
    assert [answer.status_code for answer in answers] == [202, 409] * 50
    rows = (await client.get("/v1/sagas/book_trip:t1/history")).json()["rows"]
    assert [row["seq"] for row in rows] == [1]


async def test_acknowledged_is_kept(coordinator: Part) -> None:
    """What was answered 202 is there after a kill -9 and a restart (O8)."""
    async with await start(coordinator) as client:
        await client.post("/v1/sagas", json=TRIP)
    coordinator.kill()
    await coordinator.ended()
    async with await start(coordinator) as client:
        assert (await client.get("/v1/sagas/book_trip:t1")).status_code == 200


async def test_killed_before_the_answer(make_coordinator: MakeCoordinator) -> None:
    """A client that never got its answer asks again, and gets the saga that was started (C1: start_unanswered)."""
    coordinator = make_coordinator("--migrate")
    async with httpx.AsyncClient(timeout=30) as client:
        url = (await coordinator.start({"AMENDS_FAILPOINTS": "start_unanswered:kill"})).split()[1]
        with pytest.raises(httpx.TransportError):
            await client.post(f"{url}/v1/sagas", json=TRIP)
        assert await coordinator.ended() == -signal.SIGKILL
        url = (await coordinator.start()).split()[1]
        assert (await client.post(f"{url}/v1/sagas", json=TRIP)).status_code == 202
        rows = (await client.get(f"{url}/v1/sagas/book_trip:t1/history")).json()["rows"]
    assert [row["seq"] for row in rows] == [1]


async def test_stops_gracefully(coordinator: Part) -> None:
    """SIGTERM lets go of who waits, with an answer, and ends with status 0."""
    async with await start(coordinator) as client:
        waiting = asyncio.create_task(client.post("/v1/sagas", json=TRIP, headers={"Prefer": "wait=25"}))
        watching = asyncio.create_task(_first_event(client))
        await watching
        coordinator.send(signal.SIGTERM)
        assert (await waiting).status_code == 202
    async with asyncio.timeout(25):
        assert await coordinator.ended() == 0


async def _first_event(client: httpx.AsyncClient) -> str:
    """The first event of the saga, once there is one."""
    while True:
        async with client.stream("GET", "/v1/sagas/book_trip:t1/events") as stream:
            if stream.status_code == 200:
                return await anext(stream.aiter_lines())


async def test_second_signal_ends_at_once(coordinator: Part) -> None:
    """Who cannot wait for a request that is under way signals twice."""
    async with await start(coordinator) as client:
        _, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        writer.write(b"POST /v1/sagas HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        await client.get("/livez")
        coordinator.send(signal.SIGTERM)
        await until_soon(lambda: "stopping" in coordinator.log.read_text())
        coordinator.send(signal.SIGINT)
        async with asyncio.timeout(5):
            assert await coordinator.ended() == 128 + signal.SIGINT
        writer.close()


async def test_no_schema(make_coordinator: MakeCoordinator) -> None:
    """Without the schema of this release it does not start, and says how to get it."""
    with pytest.raises(ProcessFailed, match=r"ended with 1 .*(?s:.)*has no schema yet: run `amends db upgrade`"):
        await make_coordinator().start()


async def test_address_in_use(make_coordinator: MakeCoordinator) -> None:
    """An address that is taken is named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ProcessFailed, match=f"127.0.0.1:{port} cannot be taken"):
            await make_coordinator(AMENDS_HTTP_PORT=str(port)).start()


async def test_waits_for_its_database(make_coordinator: MakeCoordinator, unused_port: int) -> None:
    """A database that does not answer is waited for: alive, not ready, and starts are refused."""
    http_port = unused_port
    coordinator = make_coordinator(
        AMENDS_DATABASE_URL="postgresql://postgres@127.0.0.1:9/none", AMENDS_HTTP_PORT=str(http_port)
    )
    await coordinator.launch()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{http_port}", timeout=10) as client:
        await _answers(client)
        assert (await client.get("/readyz")).status_code == 503
        refused = await client.post("/v1/sagas", json=TRIP)
    assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")
    coordinator.send(signal.SIGTERM)
    async with asyncio.timeout(20):
        assert await coordinator.ended() == 0


async def _answers(client: httpx.AsyncClient) -> None:
    """Returns once the server is up."""
    async with asyncio.timeout(30):
        while True:
            try:
                await client.get("/livez")
            except httpx.ConnectError:
                continue
            return


@pytest.fixture
def unused_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


async def test_endless_body(client: httpx.AsyncClient) -> None:
    """A body without a length is refused on the wire while it still comes (S4)."""
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    head = b"POST /v1/sagas HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head)
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"

    async def pour() -> None:
        while True:
            writer.write(chunk)
            await writer.drain()

    pouring = asyncio.create_task(pour())
    async with asyncio.timeout(20):
        assert b" 413 " in await reader.readline()
    pouring.cancel()
    writer.close()


async def test_large_body(client: httpx.AsyncClient) -> None:
    """64 MB with their length told are refused, and the answer arrives although nobody reads them (S4)."""
    answer = await client.post("/v1/sagas", content=b" " * 64 * 1024 * 1024, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
