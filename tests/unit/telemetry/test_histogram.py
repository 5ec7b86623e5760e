"""Histograms, as Prometheus reads them: the same to the letter as those of its own client."""

import re

import prometheus_client
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from coordinator.telemetry.histogram import Histogram

BOUNDS = (0.000_5, 0.1, 1, 3_600, 86_400)
NAME, TEXT = "amends_some_seconds", "Some time."
seconds = st.one_of(st.sampled_from(BOUNDS), st.floats(min_value=-1, max_value=1e6))


def read(registry: CollectorRegistry) -> str:
    """Without the moments at which series came into being."""
    return re.sub(r"(_created\S*) \S+", r"\1", generate_latest(registry).decode())


@given(st.lists(st.tuples(st.sampled_from(["engine", 'a"word"']), seconds)))
def test_it_is_read_as_theirs(values: list[tuple[str, float]]) -> None:
    """With labels."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    some = Histogram(NAME, TEXT, BOUNDS, ("phase",))
    ours.register(some)
    other = prometheus_client.Histogram(NAME, TEXT, ("phase",), buckets=BOUNDS, registry=theirs)
    for phase, value in values:
        some.labels(phase).observe(value)
        other.labels(phase).observe(value)
    assert read(ours) == read(theirs)


@given(st.lists(seconds))
def test_without_labels(values: list[float]) -> None:
    """It is there before the first value."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    some = Histogram(NAME, TEXT, BOUNDS)
    ours.register(some)
    series = some.labels()
    other = prometheus_client.Histogram(NAME, TEXT, buckets=BOUNDS, registry=theirs)
    for value in values:
        series.observe(value)
        other.observe(value)
    assert read(ours) == read(theirs)
