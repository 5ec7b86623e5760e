"""Prometheus metrics. Names carry their units; labels are bounded; counted in Python, added once for each batch."""

from collections import Counter as Tally
from collections.abc import Callable, Hashable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

_STEP_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 3_600, 86_400)
_ACTIVATION_BUCKETS = (0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5)
_BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
_LATENESS_BUCKETS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 30, 300)

OTHER = "other"


class BoundedLabel:
    """Lets the first ``limit`` values of a label through; what comes after them is counted as ``other``."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        """The value, or ``other``."""
        if value in self._known:
            return value
        if len(self._known) >= self._limit:
            return OTHER
        self._known.add(value)
        return value


class Metrics:
    """All metrics of one coordinator, in the registry given. Not thread-safe: told from the event loop only."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._definition, self._command, self._reason = BoundedLabel(500), BoundedLabel(1_000), BoundedLabel(50)
        self._children: dict[Hashable, Histogram] = {}
        self._started = self._counter("amends_sagas_started", "Sagas begun.", "definition")
        self._sagas = self._counter("amends_sagas", "Sagas that ended or were parked.", "definition", "status")
        self._reopened = self._counter(
            "amends_sagas_reopened", "Sagas that had completed and went back with their parent.", "definition"
        )
        self._rounds = self._counter("amends_rounds", "Times that sagas went on as new.", "definition")
        self._held = self._counter(
            "amends_steps_held",
            "Steps and undos whose budget was used up, and that wait to be tried again.",
            *("command", "direction", "waits_for"),
        )
        self._fenced = self._counter("amends_fenced", "Decisions lost to another coordinator, and made anew.")
        self._ignored = self._counter("amends_ignored", "Facts that belong to nothing (stale, unknown).", "reason")
        self._published = self._counter("amends_published", "Commands that Kafka acknowledged.")
        self._long = self._counter(
            "amends_history_long", "Histories that passed 5,000 events or 5 MB, and each doubling.", "definition"
        )
        self._unavailable = self._counter("amends_store_unavailable", "Calls that Postgres could not answer.")
        self._steps = self._histogram(
            "amends_step_duration_seconds",
            "From a step's (or an undo's) first attempt to its end.",
            _STEP_BUCKETS,
            ("command", "direction", "outcome"),
        )
        self._batch = self._histogram("amends_activation_batch_size", "Sagas in one activation.", _BATCH_BUCKETS)
        self._phases = self._histogram(
            "amends_activation_seconds", "Where an activation spends its time.", _ACTIVATION_BUCKETS, ("phase",)
        )
        phases = (self._phases.labels("load"), self._phases.labels("engine"), self._phases.labels("commit"))
        self._load, self._engine, self._commit = phases
        self._lateness = self._histogram(
            "amends_timer_lateness_seconds", "How late a timer's saga was woken.", _LATENESS_BUCKETS
        )

    def sagas_started(self, definitions: Iterable[str]) -> None:
        """One name for each saga that has begun."""
        for definition, count in Tally(definitions).items():
            self._started.labels(self._definition(definition)).inc(count)

    def sagas_ended(self, endings: Iterable[tuple[str, str]]) -> None:
        """(definition, status) of each saga that ended or was parked."""
        for (definition, status), count in Tally(endings).items():
            self._sagas.labels(self._definition(definition), status).inc(count)

    def saga_reopened(self, definition: str) -> None:
        """A saga that had ended goes back. Its second end is not counted."""
        self._reopened.labels(self._definition(definition)).inc()

    def round_begun(self, definition: str) -> None:
        """A saga has gone on as new."""
        self._rounds.labels(self._definition(definition)).inc()

    def step_held(self, command: str, undo: bool, for_signal: bool) -> None:
        """The budget of a step, or of its undo, is used up."""
        waits_for = "signal" if for_signal else "person"
        self._held.labels(self._command(command), "undo" if undo else "forward", waits_for).inc()

    def step_ended(self, command: str, undo: bool, outcome: str, seconds: float) -> None:
        """A step or an undo is over."""
        key = (command, undo, outcome)
        child = self._children.get(key)
        if child is None:
            labels = (self._command(command), "undo" if undo else "forward", outcome)
            child = self._steps.labels(*labels)
            if labels[0] is not OTHER:
                self._children[key] = child
        child.observe(seconds)

    def activation(self, size: int, load_s: float, engine_s: float, commit_s: float) -> None:
        """One batch was decided and committed."""
        self._batch.observe(size)
        self._load.observe(load_s)
        self._engine.observe(engine_s)
        self._commit.observe(commit_s)

    def published(self, count: int) -> None:
        """Kafka acknowledged so many commands."""
        self._published.inc(count)

    def fenced(self, count: int) -> None:
        """So many decisions of a batch lost the race for their row."""
        self._fenced.inc(count)

    def ignored(self, reason: str, count: int = 1) -> None:
        """Facts that changed nothing. ``reason`` is one of a few fixed words or sentences."""
        self._ignored.labels(self._reason(reason)).inc(count)

    def history_long(self, definition: str) -> None:
        """A saga's history has become long, or twice as long."""
        self._long.labels(self._definition(definition)).inc()

    def store_unavailable(self) -> None:
        """Postgres could not be reached, or refused for now."""
        self._unavailable.inc()

    def timer_late(self, seconds: float) -> None:
        """A timer's saga was woken so late."""
        self._lateness.observe(max(seconds, 0.0))

    def watch(
        self,
        *,
        mailbox_facts: Callable[[], float] | None = None,
        warm_sagas: Callable[[], float] | None = None,
        outbox_lag_s: Callable[[], float] | None = None,
        local_running: Callable[[], float] | None = None,
        local_waiting: Callable[[], float] | None = None,
    ) -> None:
        """Gauges that are asked for their value whenever somebody reads the metrics."""
        self._gauge("amends_mailbox_facts", "Facts waiting for their activation.", mailbox_facts)
        self._gauge("amends_warm_sagas", "Sagas kept in memory.", warm_sagas)
        self._gauge("amends_local_steps_running", "Bodies of local steps that run.", local_running)
        self._gauge("amends_local_steps_waiting", "Local steps that wait for a place.", local_waiting)
        self._gauge(
            "amends_outbox_lag_seconds", "Age of the oldest command that Kafka has not acknowledged.", outbox_lag_s
        )

    def watch_spans(self, counts: Callable[[], Mapping[str, int]]) -> None:
        """``amends_spans_total{outcome}``, from the counts of the tracing."""
        self._registry.register(_SpanCounts(counts))

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self._registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], labels: tuple[str, ...] = ()) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self._registry)

    def _gauge(self, name: str, text: str, value: Callable[[], float] | None) -> None:
        if value is not None:
            Gauge(name, text, registry=self._registry).set_function(value)


class _SpanCounts(Collector):
    def __init__(self, counts: Callable[[], Mapping[str, int]]) -> None:
        self._counts = counts

    def collect(self) -> Iterable[CounterMetricFamily]:
        family = CounterMetricFamily(
            "amends_spans", "Spans by what became of them; all but 'exported' were dropped.", labels=["outcome"]
        )
        for outcome, count in self._counts().items():
            family.add_metric([outcome], count)
        yield family
