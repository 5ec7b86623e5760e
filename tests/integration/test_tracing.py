"""Traces as a collector receives them: real processes, real OTLP over HTTP, real kills."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from tests.conftest import NewDatabase
from tests.integration.otlp_receiver import OtlpReceiver, ReceivedSpan, otlp_receiver
from tests.integration.traced_stack import TracedStack, traced_stack

TRACE_ID, CLIENT_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CLIENT = f"00-{TRACE_ID}-{CLIENT_SPAN}-01"
FORWARD = ["flights.issue_ticket", "flights.reserve", "hotels.reserve", "payments.charge"]


class NewStack(Protocol):
    """Makes a stack that exports to an endpoint."""

    def __call__(self, endpoint: str, **extra: str) -> AbstractAsyncContextManager[TracedStack]:
        """The stack, running; ``extra`` are variables of the coordinator."""
        ...


@pytest.fixture
def new_stack(bootstrap: str, topic_prefix: str, new_database: NewDatabase, tmp_path: Path) -> NewStack:
    @asynccontextmanager
    async def make(endpoint: str, **extra: str) -> AsyncGenerator[TracedStack]:
        async with traced_stack(
            endpoint=endpoint,
            bootstrap=bootstrap,
            topic_prefix=topic_prefix,
            new_database=new_database,
            logs=tmp_path,
            extra=extra,
        ) as stack:
            yield stack

    return make


@pytest.fixture
def receiver() -> Generator[OtlpReceiver]:
    with otlp_receiver() as receiver:
        yield receiver


class Hanging:
    """A collector that takes connections and never answers."""

    def __init__(self) -> None:
        self.connected = asyncio.Event()
        self.endpoint = ""

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Listens and says nothing."""
        self.connected.set()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()


@pytest.fixture
async def hanging() -> AsyncGenerator[Hanging]:
    hanging = Hanging()
    async with await asyncio.start_server(hanging.take, "127.0.0.1", 0) as server:
        hanging.endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield hanging


def names(spans: Sequence[ReceivedSpan], service: str | None = None) -> list[str]:
    """Each span once, however often it was received."""
    known = {span.span_id: span.name for span in spans if service is None or span.service == service}
    return sorted(known.values())


def orphans(spans: Sequence[ReceivedSpan], outside: str = "") -> list[str]:
    """Names of spans whose parent was never received; ``outside`` is the one that somebody else exports."""
    known = {span.span_id for span in spans} | {"", outside}
    return sorted(span.name for span in spans if span.parent_id not in known)


def one(spans: Sequence[ReceivedSpan], name: str, service: str = "amends-coordinator") -> ReceivedSpan:
    """The span of that name."""
    found = {span.span_id: span for span in spans if (span.name, span.service) == (name, service)}
    assert len(found) == 1, f"{name}: {len(found)} spans"
    return next(iter(found.values()))


async def received(receiver: OtlpReceiver, *wanted: str) -> list[ReceivedSpan]:
    """All spans, once these are among them."""
    return await asyncio.to_thread(receiver.wait_for, lambda spans: set(wanted) <= {span.name for span in spans})


async def test_a_trip_is_one_trace_under_the_clients_span(receiver: OtlpReceiver, new_stack: NewStack) -> None:
    """HTTP, coordinator, Kafka and three participants in the client's trace, each below the one that caused it."""
    async with new_stack(receiver.endpoint) as stack:
        assert (await stack.trip("t1", traceparent=CLIENT)).json()["status"] == "completed"
    spans = await received(receiver, "saga book_trip completed", "process flights.issue_ticket")
    assert {span.trace_id for span in spans} == {TRACE_ID}
    assert orphans(spans, outside=CLIENT_SPAN) == []
    root = one(spans, "saga book_trip")
    assert root.parent_id == CLIENT_SPAN
    assert names(spans, "amends-coordinator") == sorted(["saga book_trip", "saga book_trip completed", *FORWARD])
    for command in FORWARD:
        step = one(spans, command)
        assert step.parent_id == root.span_id
        assert one(spans, f"process {command}", command.partition(".")[0]).parent_id == step.span_id


async def test_a_trip_that_goes_back_has_one_root(receiver: OtlpReceiver, new_stack: NewStack) -> None:
    """Without a client's context the saga is the root; the refused step is an error; undos stand beside the steps."""
    async with new_stack(receiver.endpoint) as stack:
        assert (await stack.trip("t1", card="refuse")).json()["status"] == "compensated"
    spans = await received(receiver, "saga book_trip compensated")
    assert {span.span_id for span in spans if not span.parent_id} == {one(spans, "saga book_trip").span_id}
    assert orphans(spans) == []
    assert one(spans, "payments.charge").error == "card_declined"
    for undo in ("undo flights.reserve", "undo hotels.reserve"):
        assert one(spans, undo).span_id in {span.parent_id for span in spans if span.service != "amends-coordinator"}


@pytest.mark.parametrize("failpoint", ["commit_acknowledged:kill@1", "commit_acknowledged:kill@3"])
async def test_a_killed_coordinator_leaves_no_orphans(
    receiver: OtlpReceiver, new_stack: NewStack, tmp_path: Path, failpoint: str
) -> None:
    """What it had not exported is exported by the one that resumes the saga, under the same ids; nobody asks again."""
    armed = {"AMENDS_FAILPOINTS": failpoint, "AMENDS_FAILPOINT_FILE": str(tmp_path / "fired")}
    async with new_stack(receiver.endpoint, **armed) as stack:
        asked = asyncio.create_task(stack.trip("t1", traceparent=CLIENT))
        assert await stack.coordinator.ended() == -9
        await asyncio.wait([asked])
        assert isinstance(asked.exception(), httpx.TransportError)
        await stack.start_coordinator()
        await received(receiver, "saga book_trip completed")
    spans = await received(receiver, "process flights.issue_ticket")
    assert {span.trace_id for span in spans} == {TRACE_ID}
    assert orphans(spans, outside=CLIENT_SPAN) == []
    assert names(spans, "amends-coordinator") == sorted(["saga book_trip", "saga book_trip completed", *FORWARD])


async def test_nothing_of_what_a_killed_coordinator_could_not_export_is_lost(
    receiver: OtlpReceiver, new_stack: NewStack, hanging: Hanging
) -> None:
    """It wrote three rows while its first export hung. Its successor tells them all, not just the last."""
    armed = {"AMENDS_FAILPOINTS": "history_written:kill@4", "OTEL_EXPORTER_OTLP_ENDPOINT": hanging.endpoint}
    async with new_stack(receiver.endpoint, **armed) as stack:
        asked = asyncio.create_task(stack.trip("t1"))
        assert await stack.coordinator.ended() == -9
        await asyncio.wait([asked])
        assert isinstance(asked.exception(), httpx.TransportError)
        assert hanging.connected.is_set()
        await stack.start_coordinator(AMENDS_FAILPOINTS="", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint)
        await received(receiver, "saga book_trip completed")
    spans = await received(receiver, "process flights.issue_ticket")
    assert orphans(spans) == []
    assert names(spans, "amends-coordinator") == sorted(["saga book_trip", "saga book_trip completed", *FORWARD])


async def test_a_collector_that_hangs_slows_nobody(new_stack: NewStack, hanging: Hanging) -> None:
    """The trip is booked, and the coordinator stops when it is told to."""
    async with new_stack("", OTEL_EXPORTER_OTLP_ENDPOINT=hanging.endpoint) as stack:
        assert (await stack.trip("t1")).json()["status"] == "completed"
        await asyncio.wait_for(hanging.connected.wait(), 10)
    assert await stack.coordinator.ended() == 0


async def test_an_unsampled_saga_is_not_traced_anywhere(receiver: OtlpReceiver, new_stack: NewStack) -> None:
    """The decision made at the start holds for the participants too."""
    async with new_stack(receiver.endpoint, OTEL_TRACES_SAMPLER="always_off") as stack:
        assert (await stack.trip("t1")).json()["status"] == "completed"
    assert receiver.wait_for(lambda spans: True) == []
