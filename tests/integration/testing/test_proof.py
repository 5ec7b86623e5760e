"""Handlers in every order of messages, against a real database: good ones pass, and planted bugs are found."""

from collections.abc import AsyncIterator
from itertools import count

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from contracts import Failed, Refused
from contracts.answers import Refusal, Success
from contracts.travel import Flights, Hotels, Payments
from contracts.travel.flights import IssueTicket, ReserveFlight
from contracts.travel.hotels import ReserveHotel
from contracts.travel.payments import ChargeCard
from participants.flights import flights
from participants.flights import ledger as flights_ledger
from participants.flights.tables import flight_hold
from participants.hotels import hotels
from participants.hotels import ledger as hotels_ledger
from participants.payments import ledger as payments_ledger
from participants.payments import payments
from participants.sdk import Delivery, create_tables
from participants.sdk.testing import NotOurs, ParticipantTest, Unproved, undo_message
from tests.integration.testing.till import (
    Coins,
    Till,
    by_itself,
    coin,
    give_back_well,
    in_the_till,
    some_coins,
    tables,
    take_well,
    till,
)

COINS = Coins("Ada", 100)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A database of this test's own, empty."""
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://"))
    yield engine
    await engine.dispose()


@pytest.fixture
def own(engine: AsyncEngine) -> ParticipantTest[int]:
    """A till without bugs."""
    return ParticipantTest(till(), engine, effects=in_the_till, given=some_coins)


async def test_good_handlers_pass(own: ParticipantTest[int]) -> None:
    """Done once and undone once in every order; the proof shows what was seen."""
    proof = await own.prove(Till.take, COINS)
    assert (proof.before, proof.done, proof.undone) == (5, 105, 5)
    assert len(proof.orders) == len(set(proof.orders)) > 14 + 4
    assert isinstance(proof.answer, Success)


async def test_a_command_without_undo(own: ParticipantTest[int]) -> None:
    """It is tried in the orders that it can have."""
    proof = await own.prove(Till.close, "Ada")
    assert (proof.before, proof.done, proof.undone) == (5, 0, 0)
    assert not [order for order in proof.orders if "undo" in order]


async def test_a_command_that_changes_nothing(own: ParticipantTest[int]) -> None:
    """It is proved to change nothing."""
    assert (await own.prove(Till.look, "Ada")).done == 5


async def test_a_refusal(own: ParticipantTest[int]) -> None:
    """It stands, and leaves nothing."""
    proof = await own.prove(Till.take, Coins("Ada", 2_000))
    assert proof.before == proof.done == proof.undone
    assert isinstance(proof.answer, Refusal)


async def test_nothing_is_left_behind(own: ParticipantTest[int], engine: AsyncEngine) -> None:
    """The next test finds the tables empty, and may use them."""
    await own.prove(Till.take, COINS)
    async with engine.connect() as connection:
        assert await in_the_till(connection) == 0
    await ParticipantTest(till(), engine, effects=in_the_till).prove(Till.take, COINS)


async def test_the_demos_own_services(engine: AsyncEngine) -> None:
    """Seats, rooms and charges: by their ledgers, which count doubled effects too."""
    stays = ReserveHotel("Ada", "Lisbon", 2, 200)
    rooms = await ParticipantTest(hotels, engine, effects=hotels_ledger).prove(Hotels.reserve, stays)
    assert (rooms.before.held, rooms.done.held, rooms.undone.held) == (0, 1, 0)


async def test_a_seat_and_its_ticket(engine: AsyncEngine) -> None:
    """A command that needs another's work finds it in ``given``."""
    seats = ParticipantTest(flights, engine, effects=flights_ledger)
    assert (await seats.prove(Flights.reserve, ReserveFlight("Ada", "Lisbon", 100))).done.held_amount == 100

    async def a_hold(connection: AsyncConnection) -> None:
        row = {"ref": "FL-1", "saga_id": "s", "command_id": "c", "traveller": "A", "destination": "L", "price": 1}
        await connection.execute(insert(flight_hold), row)

    async def states(connection: AsyncConnection) -> list[str]:
        return list(await connection.scalars(select(flight_hold.c.state)))

    tickets = ParticipantTest(flights, engine, effects=states).given(a_hold)
    assert (await tickets.prove(Flights.issue_ticket, IssueTicket("FL-1"))).done == ["ticketed"]


async def test_a_charge(engine: AsyncEngine) -> None:
    """A pivot with an undo for the case that nobody knows."""
    proof = await ParticipantTest(payments, engine, effects=payments_ledger).prove(
        Payments.charge, ChargeCard("4242", 300)
    )
    assert (proof.done.held_amount, proof.undone.held_amount) == (300, 0)


# --- planted bugs


async def fails(test: ParticipantTest[int], *words: str) -> None:
    """The proof fails, and its message has these words."""
    with pytest.raises(Unproved) as caught:
        await test.prove(Till.take, COINS)
    for word in words:
        assert word in str(caught.value)


async def test_a_handler_that_commits_by_itself(engine: AsyncEngine) -> None:
    """Its row outlives the transaction that was lost, and the next attempt makes another."""
    broken = till(by_itself(engine))
    await fails(
        ParticipantTest(broken, engine, effects=in_the_till),
        "the command, beside one that fails\n",
        "the command, lost before the commit, and again",
        "found    200",
        "till.take → no answer",
        "outlived a transaction that was lost",
    )


async def test_an_undo_that_commits_by_itself(engine: AsyncEngine) -> None:
    """It gives the money back a second time after a crash."""
    minus = by_itself(engine, sign=-1)

    async def give_back(coins: Coins, slip: str | None, delivery: Delivery, db: AsyncSession) -> None:
        await minus(coins, delivery, db)

    broken = till(give_back=give_back)
    await fails(ParticipantTest(broken, engine, effects=in_the_till), "its undo, lost before", "found    -100")


async def test_an_undo_that_is_not_idempotent_elsewhere(engine: AsyncEngine) -> None:
    """A refund asked of another service, without a key: twice after a crash."""
    refunds: list[int] = []

    async def give_back(coins: Coins, slip: str | None, delivery: Delivery, db: AsyncSession) -> None:
        refunds.append(coins.amount)
        await give_back_well(coins, slip, delivery, db)

    async def money(connection: AsyncConnection) -> tuple[int, int]:
        return await in_the_till(connection), sum(refunds)

    async def none(connection: AsyncConnection) -> None:
        refunds.clear()

    broken = ParticipantTest(till(give_back=give_back), engine, effects=money, given=none)
    with pytest.raises(Unproved, match=r"found    \(0, 200\)"):
        await broken.prove(Till.take, COINS)


async def test_a_call_elsewhere_that_has_a_key(engine: AsyncEngine) -> None:
    """Asked twice with the same key, the other service did it once: that is right."""
    refunds: dict[str, int] = {}

    async def give_back(coins: Coins, slip: str | None, delivery: Delivery, db: AsyncSession) -> None:
        refunds[delivery.command_id] = coins.amount
        await give_back_well(coins, slip, delivery, db)

    async def money(connection: AsyncConnection) -> int:
        return await in_the_till(connection) - sum(refunds.values())

    async def none(connection: AsyncConnection) -> None:
        refunds.clear()

    good = ParticipantTest(till(give_back=give_back), engine, effects=money, given=none)
    assert (await good.prove(Till.take, COINS)).undone == -100


async def test_an_undo_that_does_nothing(engine: AsyncEngine) -> None:
    """Found before any order is tried."""

    async def give_back(coins: Coins, slip: str | None, delivery: Delivery, db: AsyncSession) -> None:
        pass

    await fails(ParticipantTest(till(give_back=give_back), engine, effects=in_the_till), "changes nothing that effects")


async def test_an_undo_that_fails(engine: AsyncEngine) -> None:
    """The message has its problem."""

    async def give_back(coins: Coins, slip: str | None, delivery: Delivery, db: AsyncSession) -> None:
        raise Failed("no_key_to_the_till")

    await fails(ParticipantTest(till(give_back=give_back), engine, effects=in_the_till), "no_key_to_the_till")


async def test_a_handler_that_ends_the_transaction(engine: AsyncEngine) -> None:
    """The SDK refuses that, and says so."""

    async def take(coins: Coins, delivery: Delivery, db: AsyncSession) -> str:
        slip = await take_well(coins, delivery, db)
        await db.commit()
        return slip

    await fails(ParticipantTest(till(take), engine, effects=in_the_till), "The SDK commits")


async def test_a_refusal_that_leaves_something(engine: AsyncEngine) -> None:
    """What it did on a connection of its own stays."""
    commits = by_itself(engine)

    async def take(coins: Coins, delivery: Delivery, db: AsyncSession) -> str:
        await commits(coins, delivery, db)
        raise Refused("too_late")

    await fails(ParticipantTest(till(take), engine, effects=in_the_till), "was refused (too_late)", "nothing was done")


async def test_a_look_that_changes_something(engine: AsyncEngine) -> None:
    """It said that there was nothing to undo."""

    async def steals(db: AsyncSession) -> None:
        await db.execute(text("UPDATE coin SET amount = 1"))

    thief = ParticipantTest(till(looks=steals), engine, effects=in_the_till, given=some_coins)
    with pytest.raises(Unproved, match="declared nothing_to_undo=True, but changed the effects from 5 to 1"):
        await thief.prove(Till.look, "Ada")


async def test_effects_that_show_nothing(engine: AsyncEngine) -> None:
    """A proof that could not fail is none."""

    async def blind(connection: AsyncConnection) -> int:
        return 0

    await fails(ParticipantTest(till(), engine, effects=blind), "cannot tell one effect from two")


async def test_a_handler_that_does_something_else_each_time(engine: AsyncEngine) -> None:
    """A point where it should have died was not reached: that is said, not passed over."""
    times = count()

    async def take(coins: Coins, delivery: Delivery, db: AsyncSession) -> str:
        if next(times) < 2:
            await db.execute(text("SELECT 1"))
        return await take_well(coins, delivery, db)

    await fails(ParticipantTest(till(take), engine, effects=in_the_till), "was not reached")


# --- plain calls


async def test_a_handler_is_called(own: ParticipantTest[int]) -> None:
    """It returns what it returns, and raises what it raises."""
    assert (await own.call(Till.take, COINS)).endswith(":1")
    assert await own.effects() == 105
    await own.undo(Till.give_back)
    assert await own.effects() == 5
    with pytest.raises(Refused, match="too_much"):
        await own.call(Till.take, Coins("Ada", 2_000))


async def test_an_order_of_ones_own(own: ParticipantTest[int]) -> None:
    """Messages can be handed in by hand, as often as one likes."""
    take = own.command(Till.take, COINS)
    undone, taken = await own.answers(undo_message(take), take)
    assert isinstance(undone, Success)
    assert isinstance(taken, Refusal)
    assert taken.problem.type == "undone_before"


async def test_nothing_to_undo(own: ParticipantTest[int]) -> None:
    """An undo needs its command."""
    with pytest.raises(LookupError, match=r"till\.take has not been called"):
        await own.undo(Till.give_back)


async def test_rows_of_others_are_left_alone(engine: AsyncEngine) -> None:
    """A database that holds what no test put there is refused, and keeps it."""
    await create_tables(engine, tables)
    async with engine.begin() as connection:
        await connection.execute(insert(coin), {"owner": "Grace", "amount": 7})
    with pytest.raises(NotOurs, match="rows in coin"):
        await ParticipantTest(till(), engine, effects=in_the_till).prove(Till.take, COINS)
    async with engine.begin() as connection:
        assert await in_the_till(connection) == 7
        await connection.execute(text("INSERT INTO amends_barrier (command_id) VALUES ('book_trip:1:1')"))
    with pytest.raises(NotOurs, match="commands of real sagas"):
        await ParticipantTest(till(), engine).call(Till.take, COINS)
    async with engine.connect() as connection:
        assert await in_the_till(connection) == 7


async def test_what_an_earlier_test_left_is_emptied(own: ParticipantTest[int], engine: AsyncEngine) -> None:
    """Its rows in the barrier say that it was one."""
    await own.call(Till.take, COINS)
    again = ParticipantTest(till(), engine, effects=in_the_till)
    await again.call(Till.take, COINS)
    assert await again.effects() == 100
