"""Whether anybody wants traces, by the standard ``OTEL_*`` variables."""

from collections.abc import Mapping

import structlog

from contracts.topics import Topics
from coordinator.telemetry.tracing import Tracing, TracingOff

_log = structlog.get_logger(__name__)
_PROTOCOL = "http/protobuf"


def tracing_wanted(environ: Mapping[str, str]) -> bool:
    """An endpoint is given, the SDK is not disabled, and the exporter, where named, is ``otlp``."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if not (environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")):
        return False
    exporters = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() or "otlp"
    return "otlp" in {name.strip() for name in exporters.split(",")}


def tracing_from(environ: Mapping[str, str], topics: Topics) -> Tracing:
    """The tracing that the environment asks for. ``environ`` is ``os.environ``: the SDK reads the same."""
    if not tracing_wanted(environ):
        return TracingOff()
    protocol = environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    if protocol and protocol.strip().lower() != _PROTOCOL:
        _log.warning(
            f"No traces are sent: OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}, and only {_PROTOCOL!r} is spoken here. "
            "Set it to that, and the endpoint to the collector's HTTP port (usually 4318)."
        )
        return TracingOff()
    # Loaded here because it brings in an HTTP client and protobuf, which a coordinator without traces never needs.
    from coordinator.telemetry.otlp import otlp_tracing

    return otlp_tracing(topics)
