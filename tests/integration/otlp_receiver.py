"""A real OTLP receiver, as small as can be: it decodes what is posted to it and keeps the spans."""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    """What the tests look at."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    """Empty: none."""
    kind: int
    error: str
    """Description of an error status; empty: no error."""
    attributes: dict[str, str | int]


class OtlpReceiver:
    """``endpoint`` is what goes into OTEL_EXPORTER_OTLP_ENDPOINT."""

    def __init__(self) -> None:
        self._spans: list[ReceivedSpan] = []
        self._changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                request = ExportTraceServiceRequest()
                request.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.take(request)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"

    def take(self, request: ExportTraceServiceRequest) -> None:
        """Keeps the spans of a request."""
        with self._changed:
            self._spans += _spans(request)
            self._changed.notify_all()

    def wait_for(self, fact: Callable[[Sequence[ReceivedSpan]], bool], timeout_s: float = 30) -> list[ReceivedSpan]:
        """All spans received so far, as soon as the fact is true of them. Fails with their names when it never is."""
        with self._changed:
            if self._changed.wait_for(lambda: fact(self._spans), timeout_s):
                return list(self._spans)
            names = "\n".join(sorted(f"{span.service}: {span.name}" for span in self._spans))
            raise AssertionError(f"Not seen within {timeout_s} s. Spans received:\n{names}")


@contextmanager
def otlp_receiver() -> Generator[OtlpReceiver]:
    """A receiver on a free port, for as long as the block runs."""
    receiver = OtlpReceiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()
        thread.join()


def _spans(request: ExportTraceServiceRequest) -> Iterator[ReceivedSpan]:
    for resource in request.resource_spans:
        service = next(a.value.string_value for a in resource.resource.attributes if a.key == "service.name")
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield ReceivedSpan(
                    service=service,
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    kind=span.kind,
                    error=(span.status.message or "error") if span.status.code == 2 else "",
                    attributes={
                        a.key: a.value.int_value if a.value.HasField("int_value") else a.value.string_value
                        for a in span.attributes
                    },
                )
