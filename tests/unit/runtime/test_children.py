"""Sagas that call sagas, through coordinators on a store and a broker in memory."""

import asyncio

from contracts.answers import Answer, Refusal, Success
from contracts.command_message import CHILD
from contracts.failures import Problem
from contracts.reply_message import PARENT
from contracts.values import NULL, write_value
from coordinator.engine.facts import Cancel, Start
from coordinator.runtime.ports import OutboxRow, SagaView, partition_in
from coordinator.saga import Definitions, child, detach, saga
from tests.fakes.memory_broker import MemoryBroker
from tests.unit.runtime.conftest import NewWorld, World
from tests.unit.runtime.sagas import Shop


@saga(version=1, key="{item}")
async def send(item: str, shop: Shop) -> str:
    """A step that can be undone."""
    return await shop.reserve(item)


@saga(version=1)
async def order(items: list[str], shop: Shop) -> list[str]:
    """Children side by side, one that goes its own way, and a step that may be refused."""
    sent = await asyncio.gather(*(child(send, item) for item in items))
    left = await detach(send, "left")
    await shop.reserve("last")
    return [*sent, left]


DEFINITIONS = Definitions([send, order])
ITEMS = ["a", "b", "c"]
HOME = 4
"""A partition that the key of none of these sagas leads to, of eight."""


def answers(row: OutboxRow) -> Answer:
    """What is asked for is its own name."""
    return Success(write_value("done") if not row.command_id.endswith(":undo") else NULL)


def refuses_last(row: OutboxRow) -> Answer:
    """The parent's last step is refused."""
    return Refusal(Problem("sold_out")) if b'"last"' in row.value and row.saga_id == "order:1" else answers(row)


async def started(new_world: NewWorld, broker: MemoryBroker) -> World:
    world = new_world(broker=broker, definitions=DEFINITIONS)
    await world.coordinator.start()
    await world.coordinator.intake.submit("order:1", Start("order", 1, write_value(ITEMS)))
    return world


async def stands(world: World, saga_id: str, status: str) -> SagaView:
    """Waits until it stands there."""
    changed = asyncio.Event()
    stop = world.coordinator.watchers.watch(saga_id, lambda decision: changed.set())
    try:
        while (view := await world.store.saga(saga_id)) is None or view.status != status:
            changed.clear()
            await changed.wait()
        return view
    finally:
        stop()


async def test_children_run_and_are_seen(new_world: NewWorld) -> None:
    """Each once, with its parent in its row; the parent has their results."""
    world = await started(new_world, MemoryBroker(answers))
    parent = await stands(world, "order:1", "completed")
    assert parent.outcome is not None
    assert bytes(parent.outcome) == b'{"result":["done","done","done","send:left"]}'
    for item in [*ITEMS, "left"]:
        assert (await stands(world, f"send:{item}", "completed")).parent == "order:1"


async def test_undo_reaches_them(new_world: NewWorld) -> None:
    """All that had gone through are undone; the one that was left is not."""
    world = await started(new_world, MemoryBroker(refuses_last))
    await stands(world, "order:1", "compensated")
    for item in ITEMS:
        await stands(world, f"send:{item}", "compensated")
    await stands(world, "send:left", "completed")


async def test_a_cancel_reaches_them(new_world: NewWorld) -> None:
    """Those under way go back."""

    def silent(row: OutboxRow) -> Answer | None:
        return answers(row) if row.command_id.endswith(":undo") else None

    world = await started(new_world, MemoryBroker(silent))
    for item in ITEMS:
        await stands(world, f"send:{item}", "running")
    await world.coordinator.intake.submit("order:1", Cancel())
    await stands(world, "order:1", "compensated")
    for item in ITEMS:
        await stands(world, f"send:{item}", "compensated")


async def test_rows_go_where_their_headers_say(new_world: NewWorld) -> None:
    """Commands and answers to the partition that the answer is asked for in, calls by the key of the saga that is
    called; and what is read from the table, which has the headers only, goes to the same place."""
    world = await started(new_world, MemoryBroker(answers, frozenset({HOME})))
    await stands(world, "order:1", "completed")
    await stands(world, "send:left", "completed")
    rows = world.broker.published
    assert all(row.partition == partition_in(row.headers) for row in rows)
    ends = [row.headers[-1][0] for row in rows]
    calls = [row for row, end in zip(rows, ends, strict=True) if end == CHILD]
    assert {(row.key, row.partition) for row in calls} == {(f"send:{item}", None) for item in [*ITEMS, "left"]}
    assert {row.partition for row, end in zip(rows, ends, strict=True) if end == PARENT} == {HOME}
    assert {row.partition for row, end in zip(rows, ends, strict=True) if end not in (CHILD, PARENT)} == {HOME}
