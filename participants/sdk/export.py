"""Switches on the export of traces, when the standard variables of OpenTelemetry ask for it."""

import importlib.util
import logging
import os

from opentelemetry import trace

log = logging.getLogger(__name__)
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def export_traces(service: str) -> None:
    """Sends this process's spans to the OTLP endpoint that the environment names, if it names one.

    OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES and OTEL_TRACES_SAMPLER have their usual effect.
    """
    if not any(os.environ.get(name) for name in _ENDPOINTS) or os.environ.get("OTEL_SDK_DISABLED") == "true":
        return
    if importlib.util.find_spec("opentelemetry.sdk") is None:
        log.warning("No traces are exported: install opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http.")
        return
    # Here, since a participant can be installed without these packages.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    attributes = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": service}
    provider = TracerProvider(resource=Resource.create(attributes))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
