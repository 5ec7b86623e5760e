"""A service is killed at every one of its failpoints: each effect is there once, and the reply arrives."""

import asyncio
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from contracts.answers import Success
from contracts.command_message import CommandMessage
from contracts.failpoints import PARTICIPANT_FAILPOINTS
from contracts.travel.flights import Flights, ReserveFlight
from participants.flights import ledger
from participants.ledger import Ledger
from tests.integration.otlp_receiver import otlp_receiver
from tests.integration.participants.coordinator_side import CoordinatorSide, coordinator_side
from tests.integration.participants.served import launched, service

TRIPS = 8


@pytest.fixture
async def side(bootstrap: str, topic_prefix: str) -> AsyncIterator[CoordinatorSide]:
    """The coordinator's side, with its topics made."""
    async with coordinator_side(bootstrap, topic_prefix, "flights") as side:
        await side.make_topics()
        yield side


def reserve(side: CoordinatorSide, trip: int) -> CommandMessage:
    """A seat for this trip."""
    return CommandMessage(
        command_id=f"book_trip:{trip}:1",
        type="flights.reserve",
        definition="book_trip",
        saga_id=f"book_trip:{trip}",
        direction="forward",
        attempt=1,
        time_ms=1_700_000_000_000,
        reply_to=side.topics.replies,
        value=bytes(Flights.reserve.write_arguments((ReserveFlight("Ann", "Lisbon", 30_000),), {})),
    )


def release(side: CoordinatorSide, trip: int) -> CommandMessage:
    """Its undo, by a coordinator that does not know the outcome."""
    command = reserve(side, trip)
    value = b'{"command":%b,"result":null,"cause":{"type":"card_declined"}}' % command.value
    return msgspec.structs.replace(command, command_id=f"{command.command_id}:undo", direction="undo", value=value)


async def read_ledger(database_url: str) -> Ledger:
    """From the service's database."""
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.connect() as connection:
        found = await ledger(connection)
    await engine.dispose()
    return found


async def killed(process: Process, side: CoordinatorSide, again: CommandMessage) -> int:
    """Its exit status. When all came in one batch, further ones bring it to the failpoint a second time."""
    exit = asyncio.ensure_future(process.wait())
    while not exit.done():
        await side.send(again)
        reply = asyncio.ensure_future(side.replies(1))
        await asyncio.wait([exit, reply], return_when=asyncio.FIRST_COMPLETED)
        reply.cancel()
        await asyncio.gather(reply, return_exceptions=True)
    return exit.result()


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("failpoint", sorted(PARTICIPANT_FAILPOINTS))
async def test_killed_at_a_failpoint(
    side: CoordinatorSide, database_url: str, tmp_path: Path, failpoint: str, times: int
) -> None:
    """Seats are held, and the undos of half of them come while the service is killed and started again."""
    fired = tmp_path / "fired"
    extra = {"AMENDS_FAILPOINTS": f"{failpoint}:kill@{times}", "AMENDS_FAILPOINT_FILE": str(fired)}
    commands = [reserve(side, trip) for trip in range(TRIPS)]
    undos = [release(side, trip) for trip in range(0, TRIPS, 2)]
    async with service("flights", side, database_url, extra) as process:
        await side.send(*commands)
        await side.send(*undos)
        assert await killed(process, side, commands[-1]) == -signal.SIGKILL
    assert fired.exists()
    async with service("flights", side, database_url, extra):
        await side.replies_to([*commands, *undos])
    for replies in side.answered.values():
        assert all(isinstance(reply.answer, Success) for reply in replies)
        assert all(reply.answer == replies[0].answer for reply in replies)
    half = TRIPS // 2
    assert await read_ledger(database_url) == Ledger(half, half * 30_000, half, half * 30_000, doubled=0)


async def test_a_service_stops_when_it_is_told_to(side: CoordinatorSide, database_url: str) -> None:
    """SIGTERM: what it took is answered and committed, its place in the group is free, and it ends with 0."""
    commands = [reserve(side, trip) for trip in range(200)]
    async with service("flights", side, database_url) as process:
        await side.send(*commands)
        await side.replies(1)
        process.terminate()
        assert await process.wait() == 0
    done = (await read_ledger(database_url)).held
    assert done + await side.uncommitted() == 200


async def test_a_service_stops_while_it_waits_for_topics(bootstrap: str, topic_prefix: str, database_url: str) -> None:
    """Nobody has to kill it. It is not ready, and does not say so."""
    async with coordinator_side(bootstrap, topic_prefix, "flights") as side:
        process = await launched("flights", side, database_url)
        await has_tables(database_url)
        process.terminate()
        output, _ = await process.communicate()
    assert (process.returncode, output) == (0, b"")


async def has_tables(database_url: str) -> None:
    """Returns when the service has got as far as that."""
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.connect() as connection:
        while await connection.scalar(text("SELECT to_regclass('effect')")) is None:
            await connection.rollback()
    await engine.dispose()


async def test_a_frozen_service_does_nothing_twice(side: CoordinatorSide, database_url: str) -> None:
    """It stops in the middle of its transaction, another takes its commands over, then it goes on."""
    commands = [reserve(side, trip) for trip in range(TRIPS)]
    async with service("flights", side, database_url, {"AMENDS_FAILPOINTS": "business_written:stop"}) as frozen:
        await side.send(*commands)
        async with service("flights", side, database_url):
            await waits_for_a_row(database_url)
            frozen.send_signal(signal.SIGCONT)
            await side.replies_to(commands)
    assert await read_ledger(database_url) == Ledger(TRIPS, TRIPS * 30_000, 0, 0, doubled=0)


async def waits_for_a_row(database_url: str) -> None:
    """Returns when somebody waits for another's uncommitted row."""
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://"))
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with engine.connect() as connection:
        while not await connection.scalar(text(waiting)):
            await connection.rollback()
    await engine.dispose()


async def test_a_service_exports_its_spans(side: CoordinatorSide, database_url: str) -> None:
    """To the receiver that the standard variable names, below the span of whoever sent the command."""
    trace, caller = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    with otlp_receiver() as receiver:
        extra = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
        async with service("flights", side, database_url, extra) as process:
            await side.send(msgspec.structs.replace(reserve(side, 1), traceparent=f"00-{trace}-{caller}-01"))
            (reply,) = await side.replies(1)
            process.terminate()
            assert await process.wait() == 0
        (span,) = receiver.wait_for(lambda spans: len(spans) == 1)
    assert (span.service, span.name) == ("flights", "process flights.reserve")
    assert (span.trace_id, span.parent_id) == (trace, caller)
    assert reply.traceparent == f"00-{trace}-{span.span_id}-01"
