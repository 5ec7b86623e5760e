"""Sagas that are written in flight are sagas: what they hold replays, and their commands can be answered."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import nullcontext

import asyncpg
import msgspec
import pytest

from benchmarks import sagas
from benchmarks.contracts import Done
from benchmarks.many.in_flight import Group
from benchmarks.many.mix import Mix
from benchmarks.many.model import Model, read_model
from benchmarks.many.recovered import check_sagas
from benchmarks.many.sagas import DEFINITIONS
from benchmarks.oracle import OracleFailed
from contracts.answers import Success
from contracts.command_message import CommandMessage
from contracts.topics import Topics
from coordinator.engine.decision import Decision
from coordinator.engine.facts import Reply, Start, WakeUp
from coordinator.engine.machine import Machine
from coordinator.history.codec import read_events
from coordinator.runtime.observed_steps import ObservedSteps
from coordinator.runtime.outgoing import Outgoing
from coordinator.runtime.ownership import Ownership
from coordinator.runtime.warm import WarmSaga
from coordinator.saga import Definitions
from coordinator.store.connection import connect
from coordinator.store.saga_store import PostgresStore

ALL = Definitions([*sagas.DEFINITIONS, *DEFINITIONS])
NOW = 1_790_000_000_123
SOON = 1_990_000_000_000
MODELS = {
    "waiting": ("approval", 7_000_001, {}),
    "asleep": ("rest", 7_000_002, {"rest_s": 2_592_000}),
    "asleep_refused": ("rest", 7_000_003, {"rest_s": 2_592_000, "refuse": True}),
    "called": ("three_steps", 7_000_004, {}),
    "called_refused": ("three_steps", 7_000_005, {"refuse": True}),
}


@pytest.fixture
async def store(migrated_url: str) -> AsyncIterator[PostgresStore]:
    """On a database of this test's own."""
    pool = await connect(migrated_url)
    yield PostgresStore(pool)
    await pool.close()


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A session in it."""
    connection = await asyncpg.connect(migrated_url)
    yield connection
    await connection.close()


async def write(store: PostgresStore, warm: WarmSaga, decision: Decision, first: bool, now: int) -> None:
    status = None if first else warm.machine.status
    out = Outgoing(Topics(), Ownership()).write(decision, warm, status, now)
    await store.commit([msgspec.structs.replace(out, outbox=())], ())
    if out.change is not None:
        warm.row_wake_at = out.change.wake_at


@pytest.fixture
async def models(store: PostgresStore, database: asyncpg.Connection) -> Mapping[str, Model]:
    """Sagas that have had the answer of their first step."""
    found: dict[str, Model] = {}
    for name, (definition, number, more) in MODELS.items():
        saga_id = f"{definition}:{number}"
        data = msgspec.Raw(msgspec.json.encode({"number": number, **more}))
        warm = WarmSaga(Machine.new(saga_id, ALL), None, 0, ObservedSteps(saga_id))
        await write(store, warm, warm.machine.advance([Start(definition, 1, data)], NOW), True, NOW)
        done = Success(msgspec.Raw(msgspec.json.encode(Done(number))))
        decision = warm.machine.advance([Reply(f"{saga_id}:1", 1, done)], NOW + 17)
        await write(store, warm, decision, False, NOW + 17)
        found[name] = await read_model(database, saga_id)
    return found


async def rebuilt(store: PostgresStore, group: Group, index: int) -> tuple[Machine, int | None]:
    saga_id = group.saga_id(index)
    stored = (await store.load([saga_id]))[saga_id]
    return Machine.rebuild(saga_id, [read_events(row) for row in stored.rows], ALL), stored.wake_at


async def test_copies_replay(store: PostgresStore, database: asyncpg.Connection, models: Mapping[str, Model]) -> None:
    """Each is under way, its row wakes it in time, and the number is its own."""
    mix = Mix(200, 10, 10, 10)
    now = int(time.time() * 1e3)
    resting, pressing = mix.resting(models, 10_000_000), mix.pressing(models, 10_000_200)
    for group in [*resting, *pressing]:
        await group.write(database)
        for index in (0, group.count - 1):
            machine, row = await rebuilt(store, group, index)
            assert machine.status == "running"
            assert machine.wake_at is not None
            assert row is not None
            assert row <= machine.wake_at <= row + 10_000
            assert (row <= now) == (group in pressing and group.sent)
    assert await database.fetchval("SELECT count(*) FROM saga WHERE status = 'running'") == 200 + len(MODELS)


async def test_what_is_due_goes_on(
    store: PostgresStore, database: asyncpg.Connection, models: Mapping[str, Model]
) -> None:
    """A copy that slept asks for its second step; one that heard nothing tries again."""
    for group in Mix(30, 10, 10, 10).pressing(models, 10_000_000)[:4]:
        await group.write(database)
        machine, _ = await rebuilt(store, group, 1)
        now = int(time.time() * 1e3) + 60_000
        decision = machine.advance([WakeUp()], now)
        assert decision.events
        if not decision.sends:
            decision = machine.advance([WakeUp()], now + 60_000)
        [send] = decision.sends
        assert send.command_id == f"{group.saga_id(1)}:2"
        assert msgspec.json.decode(send.value)["work"]["number"] == group.first + 1


async def test_commands_left_can_be_answered(
    store: PostgresStore, database: asyncpg.Connection, models: Mapping[str, Model]
) -> None:
    """They are what the saga has asked for, word by word."""
    group = Mix(30, 10, 10, 10).pressing(models, 10_000_000)[-1]
    await group.write(database)
    rows = await store.leftovers(SOON, SOON, 100)
    assert len(rows) == group.count
    message = CommandMessage.read(rows[0].headers, rows[0].value)
    machine, _ = await rebuilt(store, group, 0)
    assert (message.command_id, message.saga_id, message.type) == (
        f"{group.saga_id(0)}:2",
        rows[0].saga_id,
        "second.work",
    )
    assert msgspec.json.decode(message.value)["work"]["number"] == group.first
    done = Success(msgspec.Raw(msgspec.json.encode(Done(group.first))))
    decision = machine.advance([Reply(message.command_id, 1, done)], message.time_ms + 5)
    assert [send.type for send in decision.sends] == ["third.work"]
    assert -9_000 <= message.time_ms - time.time() * 1e3 <= -5_000
    assert message.deadline_ms is not None
    assert abs(message.deadline_ms - message.time_ms - 30_000) < 10


@pytest.mark.parametrize(
    "harm",
    [
        "SELECT",
        "DELETE FROM history WHERE seq = 1 AND saga_id = 'rest:10000001'",
        "INSERT INTO history SELECT saga_id, 3, events, at FROM history WHERE seq = 2 AND saga_id = 'rest:10000001'",
        "UPDATE saga SET status = 'parked', parked_for = 'code' WHERE saga_id = 'rest:10000001'",
        "UPDATE saga SET status = 'completed', wake_at = NULL, ended_at = now() WHERE saga_id = 'rest:10000001'",
        'UPDATE history SET events = \'[{"type":"step_succeeded","step":1},{"type":"step_succeeded","step":1}]\' '
        "WHERE saga_id = 'three_steps:7000004' AND seq = 2",
    ],
)
async def test_the_oracle_sees_harm(database: asyncpg.Connection, models: Mapping[str, Model], harm: str) -> None:
    """A gap, a step of a saga that had none to make, one that is parked, one that ended, a step done twice."""
    await Group(models["asleep"], 10_000_000, 10, NOW, 1_000).write(database)
    await database.execute(
        "UPDATE saga SET status = 'completed', wake_at = NULL, ended_at = now() WHERE saga_id LIKE 'th%'"
    )
    wanted = {("approval", "running"): 1, ("rest", "running"): 12, ("three_steps", "completed"): 2}
    await database.execute(harm)
    with nullcontext() if harm == "SELECT" else pytest.raises(OracleFailed):
        await check_sagas(database, wanted)
