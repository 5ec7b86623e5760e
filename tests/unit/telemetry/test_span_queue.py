"""The way of spans out of the process."""

import threading
import time
from collections.abc import Sequence

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from coordinator.telemetry.span_queue import SpanQueue

RESOURCE = Resource.get_empty()


def span(name: str = "a") -> ReadableSpan:
    return ReadableSpan(name, resource=RESOURCE)


class Collector(SpanExporter):
    """Answers while ``open``; ``called`` counts the requests."""

    def __init__(self, result: SpanExportResult = SpanExportResult.SUCCESS) -> None:
        self.result = result
        self.names: list[str] = []
        self.requests: list[int] = []
        self.open = threading.Event()
        self.open.set()
        self.called = threading.Semaphore(0)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.called.release()
        self.open.wait(10)
        self.names += [span.name for span in spans]
        self.requests.append(len(spans))
        return self.result

    def shutdown(self) -> None:
        self.open.set()


def test_a_span_goes_out_at_once() -> None:
    """Nobody waits for a batch to fill: far less than the 5 s of the SDK's own processor."""
    collector = Collector()
    queue = SpanQueue(collector)
    before = time.monotonic()
    queue.put([span()])
    assert collector.called.acquire(timeout=5)
    assert time.monotonic() - before < 1
    queue.close()


def test_order_and_number_are_kept() -> None:
    """Every span arrives once, in order."""
    collector = Collector()
    queue = SpanQueue(collector, batch=7, pace_s=0)
    names = [str(n) for n in range(100)]
    for name in names:
        queue.put([span(name)])
    queue.close()
    assert collector.names == names
    assert (queue.exported, queue.overflowed, queue.refused) == (100, 0, 0)


def test_what_queued_up_during_a_request_is_the_next_request() -> None:
    """While a request is out the others wait, and go together."""
    collector = Collector()
    collector.open.clear()
    queue = SpanQueue(collector, pace_s=0)
    queue.put([span()])
    assert collector.called.acquire(timeout=5)
    for _ in range(50):
        queue.put([span()])
    collector.open.set()
    queue.close()
    assert collector.requests == [1, 50]


def test_a_stuck_collector_stops_nobody() -> None:
    """put returns at once, memory is bounded, what is lost is counted."""
    collector = Collector()
    collector.open.clear()
    queue = SpanQueue(collector, capacity=10)
    queue.put([span()])
    assert collector.called.acquire(timeout=5)
    before = time.monotonic()
    for _ in range(1_000):
        queue.put([span()])
    assert time.monotonic() - before < 1
    assert queue.overflowed == 990
    collector.open.set()
    queue.close()


def test_what_no_longer_fits_pushes_out_the_oldest() -> None:
    """After an outage the newest spans are the ones that somebody looks for."""
    collector = Collector()
    collector.open.clear()
    queue = SpanQueue(collector, capacity=2, pace_s=0)
    queue.put([span("first")])
    assert collector.called.acquire(timeout=5)
    queue.put([span("a"), span("b"), span("c")])
    collector.open.set()
    queue.close()
    assert collector.names == ["first", "b", "c"]


def test_a_refusing_collector_is_counted_and_left_in_peace() -> None:
    """A failed batch is dropped and counted, and the next request follows after a rest, not at once."""
    collector = Collector(SpanExportResult.FAILURE)
    queue = SpanQueue(collector, rest_s=30)
    queue.put([span()])
    assert collector.called.acquire(timeout=5)
    queue.put([span()])
    queue.close()
    assert collector.requests == [1]
    assert (queue.exported, queue.refused) == (0, 1)


def test_an_exporter_that_raises_does_not_end_the_thread() -> None:
    """Whatever the exporter does, the next span is tried."""

    class Raising(Collector):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            super().export(spans)
            raise RuntimeError("broken")

    collector = Raising()
    queue = SpanQueue(collector, rest_s=0)
    for _ in range(2):
        queue.put([span()])
        assert collector.called.acquire(timeout=5)
    queue.close()
    assert queue.exported == 0


def test_close_gives_up_on_a_stuck_collector() -> None:
    """A coordinator can stop while its collector hangs."""
    collector = Collector()
    collector.open.clear()
    queue = SpanQueue(collector)
    queue.put([span()])
    assert collector.called.acquire(timeout=5)
    before = time.monotonic()
    queue.close(0.1)
    assert time.monotonic() - before < 2
