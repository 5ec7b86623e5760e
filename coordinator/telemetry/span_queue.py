"""The way of finished spans out of the process: never in anybody's way, and never far behind."""

import threading
from collections import deque
from collections.abc import Callable, Sequence

import structlog
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

_log = structlog.get_logger(__name__)


class SpanQueue:
    """Exports spans in a thread of its own, in the order in which they came.

    The first span after a lull goes out at once; while more come, a request follows the one before after ``pace_s``
    at the earliest. The queue is bounded: what no longer fits pushes out the oldest, which are counted, and so is a
    batch that the exporter gave up. After such a failure it rests for ``rest_s``, so that a broken collector costs
    next to nothing.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        *,
        capacity: int = 16_384,
        batch: int = 512,
        pace_s: float = 0.02,
        rest_s: float = 1.0,
        reason: Callable[[], str] = str,
    ) -> None:
        self._exporter = exporter
        self._reason = reason
        """Says why the last export failed."""
        self._spans: deque[ReadableSpan] = deque(maxlen=capacity)
        self._capacity = capacity
        self._batch = batch
        self._pace_s = pace_s
        self._rest_s = rest_s
        self._waiting = threading.Event()
        self._closing = threading.Event()
        self._failing = False
        self.exported = 0
        """Spans that the collector took."""
        self.overflowed = 0
        """Spans pushed out of a full queue."""
        self.refused = 0
        """Spans dropped because the collector did not take them, or could not be reached."""
        self._thread = threading.Thread(target=self._run, name="span-export", daemon=True)
        self._thread.start()

    def put(self, spans: Sequence[ReadableSpan]) -> None:
        """Takes the spans over. Never blocks, never raises. To be called from one thread."""
        self.overflowed += max(len(self._spans) + len(spans) - self._capacity, 0)
        self._spans.extend(spans)
        if not self._waiting.is_set():
            self._waiting.set()

    def close(self, timeout_s: float = 2.0) -> None:
        """Exports what is left, as far as ``timeout_s`` allows. Blocks for about that long at most."""
        self._closing.set()
        self._waiting.set()
        self._thread.join(0 if self._failing else timeout_s)
        self._exporter.shutdown()
        self._thread.join(0.2)

    def _run(self) -> None:
        while not (self._closing.is_set() and not self._spans):
            self._waiting.wait()
            self._waiting.clear()
            while self._spans:
                sent = self._export()
                if self._closing.wait(self._pace_s if sent else self._rest_s) and not sent:
                    return

    def _export(self) -> bool:
        batch = [self._spans.popleft() for _ in range(min(self._batch, len(self._spans)))]
        try:
            sent = self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception:
            sent = False
        if sent:
            self.exported += len(batch)
        else:
            self.refused += len(batch)
        if sent is self._failing:
            self._failing = not sent
            self._tell()
        return sent

    def _tell(self) -> None:
        if self._failing:
            _log.warning(
                "Traces cannot be exported: spans are dropped until the collector takes them again. Check "
                "OTEL_EXPORTER_OTLP_ENDPOINT and the collector.",
                reason=self._reason(),
                dropped=self.refused,
            )
        else:
            _log.info("Traces are exported again.", dropped=self.refused + self.overflowed)
