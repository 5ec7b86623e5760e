"""Every effect once, whatever order the messages come in and however often."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from contracts.answers import Success
from contracts.values import NULL
from participants.sdk import create_tables
from participants.sdk.barrier import enter, keep
from tests.integration.participants.conftest import ShopWithBarrier
from tests.unit.participants.shop import forward, tables, undo

ONE = 'succeeded {"number":"order:7:1"}'
NOTHING = "succeeded null"


async def test_a_command_is_answered_and_its_effect_kept(shop: ShopWithBarrier) -> None:
    """The plain case."""
    assert await shop.answers(forward(1)) == [ONE]
    assert await shop.effects() == ["order:7:1 forward: book"]


async def test_a_duplicate_gets_the_same_answer_and_no_second_effect(shop: ShopWithBarrier) -> None:
    """The kept answer is given again, whatever attempt asks for it."""
    await shop.answers(forward(1))
    assert await shop.answers(forward(1), forward(1, attempt=2)) == [ONE, ONE]
    assert shop.calls == ["order:7:1"]
    assert await shop.effects() == ["order:7:1 forward: book"]


async def test_an_undo_gets_the_result_that_the_coordinator_never_saw(shop: ShopWithBarrier) -> None:
    """The coordinator sends null when the answer was lost; the barrier has it."""
    await shop.answers(forward(1))
    assert await shop.answers(undo(1, result=None)) == [NOTHING]
    assert await shop.effects() == ["order:7:1 forward: book", "order:7:1 undo: order:7:1, changed_plans"]


async def test_a_second_undo_changes_nothing(shop: ShopWithBarrier) -> None:
    """Neither in the same batch nor later."""
    await shop.answers(forward(1))
    assert await shop.answers(undo(1), undo(1, attempt=2)) == [NOTHING, NOTHING]
    assert await shop.answers(undo(1, attempt=3)) == [NOTHING]
    assert shop.calls == ["order:7:1", "order:7:1:undo"]


async def test_an_undo_that_overtook_its_command_leaves_a_tombstone(shop: ShopWithBarrier) -> None:
    """The undo has nothing to do, and the command that comes late is refused, every time."""
    assert await shop.answers(undo(1)) == [NOTHING]
    assert await shop.answers(forward(1), undo(1), forward(1)) == [
        "refused undone_before",
        NOTHING,
        "refused undone_before",
    ]
    assert shop.calls == []
    assert await shop.effects() == []


async def test_what_is_answered_later_is_done_once(shop: ShopWithBarrier) -> None:
    """What its handler wrote is kept; each attempt hears that it is pending, in the same batch or later."""
    later = 'pending {"timeout_ms":86400000}'
    assert await shop.answers(forward(1, "later"), forward(1, "later", attempt=2)) == [later, later]
    assert await shop.answers(forward(1, "later", attempt=3)) == [later]
    assert shop.calls == ["order:7:1"]
    assert await shop.effects() == ["order:7:1 forward: later"]


async def test_what_is_answered_later_is_undone_once(shop: ShopWithBarrier) -> None:
    """The undo brings what the coordinator has heard meanwhile, if anything."""
    await shop.answers(forward(1, "later"), forward(2, "later"))
    assert await shop.answers(undo(1, result=None), undo(1, result=None)) == [NOTHING, NOTHING]
    assert await shop.answers(undo(2, result={"number": "found"})) == [NOTHING]
    assert shop.calls == ["order:7:1", "order:7:2", "order:7:1:undo", "order:7:2:undo"]
    assert [each for each in await shop.effects() if "undo" in each] == [
        "order:7:1 undo: None, changed_plans",
        "order:7:2 undo: found, changed_plans",
    ]


async def test_a_refusal_is_kept_and_leaves_nothing_to_undo(shop: ShopWithBarrier) -> None:
    """A business no stands."""
    assert await shop.answers(forward(1, "refuse first")) == ["refused sold_out"]
    assert await shop.answers(forward(1, "refuse first"), undo(1)) == ["refused sold_out", NOTHING]
    assert shop.calls == ["order:7:1"]


async def test_what_a_refusing_handler_wrote_is_undone(shop: ShopWithBarrier) -> None:
    """Alone: what the others of the batch wrote stays."""
    messages = forward(1), forward(2, "refuse after writing"), forward(3)
    assert [each[:9] for each in await shop.answers(*messages)] == ["succeeded", "refused c", "succeeded"]
    assert await shop.effects() == ["order:7:1 forward: book", "order:7:3 forward: book"]


@pytest.mark.parametrize(("article", "problem"), [("fails 1 2", "out_of_paper"), ("breaks 1 2", "ZeroDivisionError")])
async def test_a_failure_is_not_kept(shop: ShopWithBarrier, article: str, problem: str) -> None:
    """The next attempt runs the handler again; nothing is left of the failed ones."""
    assert await shop.answers(forward(1, article)) == [f"failed {problem}"]
    assert await shop.answers(forward(1, article, attempt=2)) == [f"failed {problem}"]
    assert await shop.answers(forward(1, article, attempt=3)) == [ONE]
    assert await shop.effects() == [f"order:7:1 forward: {article}"]


async def test_a_failed_command_has_nothing_to_undo_and_does_not_come_back(shop: ShopWithBarrier) -> None:
    """A failure means that nothing was done; after the undo, a late further attempt is refused."""
    await shop.answers(forward(1, "fails 1"))
    assert await shop.answers(undo(1)) == [NOTHING]
    assert await shop.answers(forward(1, "fails 1", attempt=2)) == ["refused undone_before"]
    assert await shop.effects() == []


async def test_a_failed_undo_is_tried_again(shop: ShopWithBarrier) -> None:
    """It is not kept either."""
    await shop.answers(forward(1))
    assert await shop.answers(undo(1, "undo fails 1")) == ["failed undo_failed"]
    assert await shop.answers(undo(1, "undo fails 1", attempt=2)) == [NOTHING]
    assert len(await shop.effects()) == 2


async def test_an_undo_cannot_be_refused_for_ever(shop: ShopWithBarrier) -> None:
    """It is a failure, for a person to look at, and the retry that follows runs the handler."""
    await shop.answers(forward(1))
    assert await shop.answers(undo(1, "undo refuses")) == ["failed not_mine for good"]
    assert await shop.answers(undo(1, attempt=2)) == [NOTHING]


async def test_a_retriable_command_cannot_be_refused(shop: ShopWithBarrier) -> None:
    """It is tried again instead, and what it wrote is undone."""
    assert await shop.answers(forward(1, "refuse", name="wrap")) == ["failed no_paper"]
    assert await shop.answers(forward(1, attempt=2, name="wrap")) == [ONE]
    assert await shop.effects() == ["order:7:1 forward: wrapped"]


async def test_a_whole_life_in_one_batch(shop: ShopWithBarrier) -> None:
    """Within one transaction each message sees what those before it did."""
    messages = (
        forward(1, "fails 1"),
        forward(1, attempt=2),
        forward(1),
        undo(1),
        forward(1),
        undo(1),
        undo(2),
        forward(2),
    )
    assert await shop.answers(*messages) == [
        "failed out_of_paper",
        ONE,
        ONE,
        NOTHING,
        ONE,
        NOTHING,
        NOTHING,
        "refused undone_before",
    ]
    assert [effect.split(":")[2] for effect in await shop.effects()] == ["1 forward", "1 undo"]


async def test_an_answer_that_cannot_be_sent_leaves_nothing_behind(shop: ShopWithBarrier) -> None:
    """The failure is final, and what the handler wrote is undone."""
    assert await shop.answers(forward(1, "huge"), forward(2)) == [
        "failed unwritable_result for good",
        'succeeded {"number":"order:7:2"}',
    ]
    assert await shop.effects() == ["order:7:2 forward: book"]


async def test_the_same_command_on_two_consumers_at_once(shop: ShopWithBarrier) -> None:
    """One of them waits for the other's commit, then gives the same answers."""
    other = ShopWithBarrier(shop.engine)
    steps = range(1, 41)
    first, second = await asyncio.gather(
        shop.answers(*[forward(step) for step in steps]), other.answers(*[forward(step) for step in reversed(steps)])
    )
    assert first == second[::-1]
    assert len(shop.calls) + len(other.calls) == 40
    assert len(await shop.effects()) == 40


async def test_a_command_and_its_undo_on_two_consumers_at_once(shop: ShopWithBarrier) -> None:
    """Whichever comes first, the two agree: done and undone, or neither."""
    other = ShopWithBarrier(shop.engine)
    steps = range(1, 41)
    half = [undo(step) if step % 2 else forward(step) for step in steps]
    rest = [forward(step) if step % 2 else undo(step) for step in steps]
    await asyncio.gather(shop.answers(*half), other.answers(*rest))
    effects = await shop.effects()
    for step in steps:
        directions = [each.split()[1] for each in effects if each.startswith(f"order:7:{step} ")]
        assert directions in (["forward:", "undo:"], [])


async def test_the_same_undo_on_two_consumers_at_once(shop: ShopWithBarrier) -> None:
    """The row is there already; whoever reads it second waits for the first."""
    other = ShopWithBarrier(shop.engine)
    steps = range(1, 41)
    await shop.answers(*[forward(step) for step in steps])
    undos = [undo(step) for step in steps]
    answers = await asyncio.gather(shop.answers(*undos), other.answers(*reversed(undos)))
    assert answers == [[NOTHING] * 40] * 2
    assert len(await shop.effects()) == 80


async def test_tables_may_be_made_by_several_processes_at_once(database_url: str) -> None:
    """As when a service is started twice."""
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://"))
    await asyncio.gather(*[create_tables(engine, tables) for _ in range(5)])
    await engine.dispose()


async def test_the_table_is_never_read_through(shop: ShopWithBarrier) -> None:
    """Its plans are made while it is empty and unknown to the planner, and are kept when it is not: so they must not
    depend on that."""
    read_through = text("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'amends_barrier'")
    async with shop.engine.begin() as connection:
        for turn in range(3):
            entries = await enter(connection, [f"order:7:{step}" for step in range(turn * 100, turn * 100 + 100)])
            for entry in entries.values():
                entry.keep("forward", Success(NULL))
            await keep(connection, entries.values())
        assert (await connection.execute(read_through)).scalar_one() == 0
