"""Many commands share a transaction, and each is answered as if it had been alone."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.participants.conftest import ShopWithBarrier
from tests.unit.participants.shop import forward


def statements(engine: AsyncEngine) -> list[str]:
    """What is sent to the database from now on."""
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    return sent


async def test_handlers_without_a_session_cost_no_statement(shop: ShopWithBarrier) -> None:
    """One statement enters all commands, one keeps all answers."""
    sent = statements(shop.engine)
    await shop.answers(*[forward(step, name="look") for step in range(1, 101)])
    assert [each.split()[0] for each in sent] == ["INSERT", "INSERT"]


async def test_while_nobody_fails_there_is_no_savepoint(shop: ShopWithBarrier) -> None:
    """A handler that fails before it wrote anything needs none either."""
    sent = statements(shop.engine)
    answers = await shop.answers(
        *[forward(step) for step in range(1, 21)],
        forward(21, "refuse first"),
        *[forward(step, name="wrap") for step in range(22, 31)],
    )
    assert [answer.split()[0] for answer in answers].count("succeeded") == 29
    assert [each.split()[0] for each in sent] == ["INSERT"] * 31


async def test_savepoints_have_one_name(shop: ShopWithBarrier) -> None:
    """Each name would be a statement that the database has to prepare. They begin with the handler that needs one."""
    await shop.answers(forward(1), forward(2, "refuse after writing"))
    sent = statements(shop.engine)
    await shop.answers(*[forward(step) for step in range(3, 21)], *[forward(s, name="wrap") for s in range(21, 31)])
    savepoints = [each for each in sent if each.startswith("SAVEPOINT")]
    assert len(savepoints) == 28
    assert len(set(savepoints)) == 1


async def test_a_handler_that_fails_after_it_wrote_is_run_again_and_so_is_its_batch(shop: ShopWithBarrier) -> None:
    """Once, with savepoints; the next failures find them."""
    answers = await shop.answers(forward(1), forward(2, "fails 1"), forward(3))
    assert [answer.split()[0] for answer in answers] == ["succeeded", "failed", "succeeded"]
    assert shop.calls == ["order:7:1", "order:7:2", "order:7:1", "order:7:2", "order:7:3"]
    assert (await shop.answers(forward(4, "breaks 1"), forward(5)))[0] == "failed ZeroDivisionError"
    assert shop.calls[5:] == ["order:7:4", "order:7:5"]
    assert await shop.effects() == [f"order:7:{step} forward: book" for step in (1, 3, 5)]


@pytest.mark.parametrize("article", ["takes back", "takes all back", "writes past it"])
async def test_a_handler_that_undoes_its_own_work_undoes_no_others(shop: ShopWithBarrier, article: str) -> None:
    """By its session, by a block of its session, or by raising after it wrote with the driver's connection."""
    answers = await shop.answers(forward(1), forward(2, article), forward(3))
    assert [answer.split()[0] for answer in answers][::2] == ["succeeded", "succeeded"]
    kept = [effect for effect in await shop.effects() if not effect.endswith("kept")]
    assert kept == ["order:7:1 forward: book", "order:7:3 forward: book"]


async def test_a_constraint_that_fails_at_the_commit_is_the_answer_of_the_command_that_broke_it(
    shop: ShopWithBarrier,
) -> None:
    """The batch is run again, one by one; all others succeed."""
    messages = forward(1), forward(2, "once a"), forward(3, "once a"), forward(4)
    answers = await shop.answers(*messages)
    assert [answer.split()[0] for answer in answers] == ["succeeded", "succeeded", "failed", "succeeded"]
    assert "IntegrityError" in answers[2]
    assert len(await shop.effects()) == 3


async def test_a_handler_that_swallows_an_error_of_the_database_fails_alone(shop: ShopWithBarrier) -> None:
    """Its part of the transaction is spoilt, the rest is not."""
    answers = await shop.answers(forward(1), forward(2, "swallows"), forward(3))
    assert [answer.split()[0] for answer in answers] == ["succeeded", "failed", "succeeded"]
    assert len(await shop.effects()) == 2


async def test_a_session_is_not_the_handlers_to_commit(shop: ShopWithBarrier) -> None:
    """It is told why, and nothing of it is kept."""
    answers = await shop.answers(forward(1), forward(2, "commit"), forward(3), forward(4, "commit below"))
    assert answers[1::2] == ["failed InvalidRequestError", "failed InvalidRequestError"]
    assert len(await shop.effects()) == 2


async def test_a_connection_is_not_the_handlers_to_commit(shop: ShopWithBarrier) -> None:
    """Or else the others' writes would be there without their answers."""
    answers = await shop.answers(forward(1), forward(2, "commit", name="wrap"), forward(3))
    assert [answer.split()[0] for answer in answers] == ["succeeded", "failed", "succeeded"]
    assert len(await shop.effects()) == 2


async def test_a_lost_connection_loses_no_command(shop: ShopWithBarrier) -> None:
    """The server ends it in the middle of the batch: all of it is run again."""
    await shop.answers(forward(1))
    async with shop.engine.connect() as killer:
        ending = asyncio.create_task(_end_others(killer))
        answers = [await shop.answers(*[forward(s) for s in range(n, n + 20)]) for n in range(2, 102, 20)]
        await ending
    assert {answer.split()[0] for batch in answers for answer in batch} == {"succeeded"}
    assert len(await shop.effects()) == 101


async def _end_others(connection: Any) -> None:
    ended = 0
    while ended < 3:
        found = await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND state <> 'idle'"
            )
        )
        ended += len(found.all())
        await connection.rollback()


async def test_a_deadlock_between_two_consumers_is_no_answer(shop: ShopWithBarrier) -> None:
    """They ran into each other because commands share a transaction, so it is for the SDK to run them again."""
    other = ShopWithBarrier(shop.engine)
    async with shop.engine.begin() as connection:
        await connection.execute(text("CREATE UNIQUE INDEX ON effect (note)"))
    # The two insert the same notes in opposite order; the second of each fails for good, whoever that is.
    first = [forward(1, "x"), *[forward(s, f"a{s}") for s in range(10, 40)], forward(2, "y")]
    second = [forward(3, "y"), *[forward(s, f"b{s}") for s in range(40, 70)], forward(4, "x")]
    answers = await asyncio.gather(shop.answers(*first), other.answers(*second))
    said = [answer.split()[0:2] for batch in answers for answer in batch]
    assert ["failed", "DBAPIError"] not in said
    assert ["failed", "OperationalError"] not in said
    assert sum(each[0] == "failed" for each in said) == 2
