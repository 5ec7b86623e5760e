"""Whether traces are wanted, by the standard variables."""

import os

import pytest
from opentelemetry.sdk.resources import SERVICE_NAME

from contracts.topics import Topics
from coordinator.telemetry.otlp import service_resource
from coordinator.telemetry.switch import tracing_from, tracing_wanted

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.fixture(autouse=True)
def no_otel_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "true"}, False),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "false"}, True),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, False),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "console, otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, False),
    ],
)
def test_the_variables_decide(environ: dict[str, str], wanted: bool) -> None:
    """An endpoint switches traces on; two variables switch them off."""
    assert tracing_wanted(environ) is wanted


def test_another_protocol_is_not_spoken() -> None:
    """A collector's gRPC port would never understand us: no traces, and a line that says what to change."""
    assert not tracing_from(ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, Topics()).recording


@pytest.mark.parametrize(
    ("sampler", "argument", "flag"),
    [("always_off", "", "02"), ("always_on", "", "03"), ("traceidratio", "0", "02"), ("traceidratio", "1", "03")],
)
def test_the_sampler_is_the_environments(
    monkeypatch: pytest.MonkeyPatch, sampler: str, argument: str, flag: str
) -> None:
    """OTEL_TRACES_SAMPLER and its argument are honoured."""
    for name, value in (ENDPOINT | {"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": argument}).items():
        monkeypatch.setenv(name, value)
    tracing = tracing_from(os.environ, Topics())
    traceparent = tracing.begin("book_trip:1", "book_trip", None)
    tracing.close()
    assert traceparent is not None
    assert traceparent[-2:] == flag


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({}, "amends-coordinator"),
        ({"OTEL_SERVICE_NAME": "trips"}, "trips"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=tours,region=eu"}, "tours"),
    ],
)
def test_the_service_has_a_name(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], name: str) -> None:
    """Ours, unless the environment gives another."""
    for key, value in variables.items():
        monkeypatch.setenv(key, value)
    assert service_resource().attributes[SERVICE_NAME] == name
