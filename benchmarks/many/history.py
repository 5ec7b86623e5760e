"""A long history: loaded from Postgres, decoded and replayed."""

import time
from statistics import median

import msgspec
from rich.console import Console

import migrations
from benchmarks.contracts import Done
from benchmarks.goals import Goal
from benchmarks.many.sagas import DEFINITIONS
from contracts.answers import Success
from coordinator.embedded.home import amends_home
from coordinator.embedded.postgres import EmbeddedPostgres
from coordinator.engine.facts import Fact, Reply, Start
from coordinator.engine.machine import Machine
from coordinator.history.codec import read_events, write_events
from coordinator.runtime.ports import SagaRowChange, SagaStart, SagaWrite
from coordinator.store.connection import connect
from coordinator.store.saga_store import PostgresStore

EVENTS = 10_000
SAGA_ID = "line:1"
NOW = 1_790_000_000_000
TRIES = 7


async def long_history(console: Console) -> list[Goal]:
    """One step after another, two events a step."""
    postgres = EmbeddedPostgres(amends_home() / "bench-many" / "history")
    await postgres.wipe()
    await postgres.start()
    try:
        await postgres.create_database("amends")
        await migrations.upgrade(postgres.url())
        pool = await connect(postgres.url())
        store = PostgresStore(pool)
        rows = await _write(store)
        took = [await _reload(store) for _ in range(TRIES)]
        await pool.close()
    finally:
        await postgres.stop()
    console.print(f"✓ {EVENTS:,} events in {rows:,} rows", highlight=False)
    return [Goal(f"a history of {EVENTS:,} events is loaded, decoded and replayed", median(took) * 1e3, 300, "ms")]


async def _write(store: PostgresStore) -> int:
    steps = EVENTS // 2
    machine = Machine.new(SAGA_ID, DEFINITIONS)
    data = msgspec.json.encode({"number": 1, "size": steps})
    begun = SagaStart("line", 1, data, NOW, 0, None)
    running = SagaRowChange("running", None, None, None, None)
    answer = Success(msgspec.Raw(msgspec.json.encode(Done(1))))
    facts: list[Fact] = [Start("line", 1, msgspec.Raw(data))]
    facts += [Reply(f"{SAGA_ID}:{step}", 1, answer) for step in range(1, steps)]
    for fact in facts:
        decision = machine.advance([fact], NOW)
        start, change = (begun, running) if decision.seq == 1 else (None, None)
        write = SagaWrite(SAGA_ID, decision.seq, write_events(decision.events), NOW, start, change, ())
        assert await store.commit([write], ())
    return len(facts)


async def _reload(store: PostgresStore) -> float:
    began = time.perf_counter()
    stored = (await store.load([SAGA_ID]))[SAGA_ID]
    machine = Machine.rebuild(SAGA_ID, [read_events(row) for row in stored.rows], DEFINITIONS)
    took = time.perf_counter() - began
    assert machine.seq == len(stored.rows) == EVENTS // 2
    return took
