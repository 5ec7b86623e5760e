"""The metrics, as Prometheus reads them."""

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from coordinator.telemetry.metrics import BoundedLabel, Metrics


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics(registry)


def test_sagas_are_counted_by_definition_and_status(registry: CollectorRegistry, metrics: Metrics) -> None:
    """One batch, added once."""
    metrics.sagas_started(["a", "a", "b"])
    metrics.sagas_ended([("a", "completed"), ("a", "completed"), ("b", "parked")])
    assert registry.get_sample_value("amends_sagas_started_total", {"definition": "a"}) == 2
    assert registry.get_sample_value("amends_sagas_total", {"definition": "a", "status": "completed"}) == 2
    assert registry.get_sample_value("amends_sagas_total", {"definition": "b", "status": "parked"}) == 1


def test_steps_are_measured_by_direction_and_outcome(registry: CollectorRegistry, metrics: Metrics) -> None:
    """A step and its undo are two things."""
    metrics.step_ended("flights.reserve", False, "succeeded", 0.25)
    metrics.step_ended("flights.reserve", True, "succeeded", 0.5)
    labels = {"command": "flights.reserve", "direction": "forward", "outcome": "succeeded"}
    assert registry.get_sample_value("amends_step_duration_seconds_sum", labels) == 0.25
    labels["direction"] = "undo"
    assert registry.get_sample_value("amends_step_duration_seconds_sum", labels) == 0.5


def test_a_label_never_grows_without_bound(registry: CollectorRegistry, metrics: Metrics) -> None:
    """A thousand reasons are fifty, and 'other'."""
    for number in range(1_000):
        metrics.ignored(f"reason {number}")
    family = next(family for family in registry.collect() if family.name == "amends_ignored")
    reasons = {sample.labels["reason"] for sample in family.samples if sample.name == "amends_ignored_total"}
    assert len(reasons) == 51
    assert registry.get_sample_value("amends_ignored_total", {"reason": "other"}) == 950


def test_values_seen_in_time_keep_their_name() -> None:
    """The bound is met by what comes after it."""
    label = BoundedLabel(1)
    assert [label("a"), label("b"), label("a")] == ["a", "other", "a"]


def test_gauges_are_asked_when_somebody_reads(registry: CollectorRegistry, metrics: Metrics) -> None:
    """Nobody has to keep them up to date."""
    waiting = [1.0]
    metrics.watch(mailbox_facts=lambda: waiting[0], warm_sagas=lambda: 2.0, outbox_lag_s=lambda: 3.0)
    waiting[0] = 7.0
    assert registry.get_sample_value("amends_mailbox_facts") == 7
    assert registry.get_sample_value("amends_warm_sagas") == 2
    assert registry.get_sample_value("amends_outbox_lag_seconds") == 3


def test_spans_are_counted_by_what_became_of_them(registry: CollectorRegistry, metrics: Metrics) -> None:
    """Dropped spans can be seen."""
    metrics.watch_spans(lambda: {"exported": 5, "refused": 2})
    assert registry.get_sample_value("amends_spans_total", {"outcome": "refused"}) == 2


def test_every_metric_of_a_batch_is_there(registry: CollectorRegistry, metrics: Metrics) -> None:
    """The names that dashboards rely on."""
    metrics.activation(3, 0.001, 0.002, 0.003)
    metrics.published(4)
    metrics.fenced(1)
    metrics.store_unavailable()
    metrics.history_long("book_trip")
    metrics.timer_late(0.2)
    text = generate_latest(registry).decode()
    for line in (
        "amends_activation_batch_size_sum 3.0",
        'amends_activation_seconds_sum{phase="load"} 0.001',
        'amends_activation_seconds_sum{phase="engine"} 0.002',
        'amends_activation_seconds_sum{phase="commit"} 0.003',
        "amends_published_total 4.0",
        "amends_fenced_total 1.0",
        "amends_store_unavailable_total 1.0",
        'amends_history_long_total{definition="book_trip"} 1.0',
        "amends_timer_lateness_seconds_sum 0.2",
    ):
        assert line in text
