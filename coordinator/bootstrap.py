"""The one place where everything is built. Production and tests come in by the same door; tests hand in fakes."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest

from contracts.failpoints import COORDINATOR_FAILPOINTS, parse_failpoints
from contracts.topics import Topics
from coordinator.api.app import build_app
from coordinator.api.impatient import ImpatientIntake
from coordinator.api.parts import Limits as ApiLimits
from coordinator.api.parts import Parts
from coordinator.config import Settings, SetupError
from coordinator.kafka.broker import KafkaBroker
from coordinator.kafka.connection import KafkaSettings
from coordinator.runtime.coordinator import Coordinator
from coordinator.runtime.limits import Limits
from coordinator.runtime.observe import TelemetryObserver, trace_of
from coordinator.runtime.ports import Broker, ReadModel, SagaStore, StoreUnavailable
from coordinator.saga import Definitions
from coordinator.store.connection import Pool, connect
from coordinator.store.read_model import PostgresReadModel
from coordinator.store.saga_store import PostgresStore
from coordinator.telemetry.metrics import Metrics
from coordinator.telemetry.switch import tracing_from
from coordinator.telemetry.tracing import Tracing


async def _nothing() -> None: ...


@dataclass(frozen=True, slots=True)
class Outside:
    """What a coordinator stands on: Postgres and Kafka, or what a test has in their place."""

    store: SagaStore
    sagas: ReadModel
    broker: Broker
    close: Callable[[], Awaitable[None]] = _nothing
    """Lets go of Postgres; the coordinator's stop lets go of Kafka."""


@dataclass(frozen=True, slots=True)
class Service:
    """A coordinator and its HTTP interface, built and not started."""

    coordinator: Coordinator
    app: FastAPI
    parts: Parts
    metrics: Metrics
    tracing: Tracing

    async def stop(self) -> None:
        """Finishes what is in flight and sends off the last spans."""
        await self.coordinator.stop()
        self.tracing.close()


async def open_pool(settings: Settings) -> Pool:
    """The coordinator's database as the settings have it. Does not connect yet. Raises SetupError."""
    url = database_url(settings)
    try:
        return await connect(
            url,
            pool_size=settings.database_connections,
            statement_timeout=settings.database_timeout_s,
            statement_cache_size=settings.database_statement_cache,
        )
    except ValueError as error:
        raise SetupError(f"AMENDS_DATABASE_URL: {error}") from error


async def open_outside(settings: Settings, definitions: Definitions) -> Outside:
    """Postgres and Kafka as the settings have them. Connects to neither yet. Raises SetupError."""
    pool = await open_pool(settings)
    if settings.kafka_bootstrap is None:
        raise SetupError("Set AMENDS_KAFKA_BOOTSTRAP to Kafka's brokers, such as localhost:9092; or run `amends dev`.")
    kafka = KafkaSettings(
        settings.kafka_bootstrap,
        instance=settings.instance,
        partitions=settings.topic_partitions,
        replicas=settings.topic_replicas,
        session_timeout_ms=settings.kafka_session_timeout_ms,
        publish_timeout_ms=settings.kafka_publish_timeout_ms,
    )
    broker = KafkaBroker(kafka, Topics(settings.topic_prefix), definitions.participants())
    # With failpoints set, a batch is written statement by statement, so that there is a place between any two.
    armed = parse_failpoints(os.environ.get("AMENDS_FAILPOINTS", ""))
    store = PostgresStore(pool, stepwise=bool(COORDINATOR_FAILPOINTS & armed.keys()))
    return Outside(store, PostgresReadModel(pool), broker, pool.close)


def build(settings: Settings, definitions: Definitions, outside: Outside, *, tracing: Tracing | None = None) -> Service:
    """Everything, over what is outside."""
    topics = Topics(settings.topic_prefix)
    tracing = tracing or tracing_from(os.environ, topics)
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    observer = TelemetryObserver(metrics, tracing)
    coordinator = Coordinator(
        store=outside.store,
        broker=outside.broker,
        definitions=definitions,
        topics=topics,
        observer=observer,
        trace=trace_of(tracing),
        begin_trace=tracing.begin,
        limits=_limits(settings),
        lifecycle=settings.lifecycle,
    )
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    metrics.watch(mailbox_facts=lambda: coordinator.intake.size, warm_sagas=lambda: len(coordinator.warm))
    if (local := coordinator.local) is not None:
        metrics.watch(local_running=lambda: local.running, local_waiting=lambda: local.waiting)
    metrics.watch_spans(lambda: tracing.counts)
    parts = Parts(
        intake=ImpatientIntake(
            coordinator.intake, lambda: _trouble(coordinator, outside.broker), settings.http_answer_s
        ),
        sagas=outside.sagas,
        definitions=definitions,
        watch=coordinator.watchers,
        unreadiness=lambda: _unreadiness(coordinator, outside.store),
        metrics=lambda: generate_latest(registry),
        starting=coordinator.starting,
        owns=coordinator.keeps,
        limits=ApiLimits(
            body_bytes=settings.http_body_bytes,
            batch_bytes=settings.http_batch_bytes,
            batch_starts=settings.http_batch_starts,
            body_timeout_s=settings.http_body_timeout_s,
            wait_s=settings.http_wait_s,
        ),
    )
    return Service(coordinator, build_app(parts), parts, metrics, tracing)


def database_url(settings: Settings) -> str:
    """The database. Raises SetupError when none is named."""
    if settings.database_url is None:
        raise SetupError(
            "Set AMENDS_DATABASE_URL to the coordinator's database, such as postgresql://user@localhost:5432/amends; "
            "or run `amends dev`, which brings its own."
        )
    return settings.database_url


def _limits(settings: Settings) -> Limits:
    return Limits(
        batch_sagas=settings.batch_sagas,
        batches_in_flight=settings.batches_in_flight,
        facts_high=settings.waiting_facts,
        facts_low=settings.waiting_facts // 2,
        facts_submitted=settings.waiting_facts * 4 // 5,
        warm_sagas=settings.warm_sagas,
        timers=settings.warm_timers,
        local_steps=settings.local_steps,
        local_rows=max(1_000, 10 * settings.local_steps),
        sweep_every_ms=settings.sweep_every_ms,
        leftovers_older_ms=settings.sweep_age_ms,
        stop_s=settings.stop_s,
    )


def _trouble(coordinator: Coordinator, broker: Broker) -> str | None:
    """Why nothing can be committed just now. Without Kafka, starts are still accepted: the outbox keeps commands."""
    readiness = coordinator.ready
    if readiness.ready or readiness.reason in (broker.trouble, coordinator.relay.trouble):
        return None
    return readiness.reason


async def _unreadiness(coordinator: Coordinator, store: SagaStore) -> str | None:
    if not (readiness := coordinator.ready).ready:
        return readiness.reason
    try:
        await store.ping()
    except StoreUnavailable as error:
        return str(error)
    return None
