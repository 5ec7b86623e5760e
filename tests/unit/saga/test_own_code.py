"""What cannot be durable is found in a saga's own code before it ever runs."""

import datetime
import os
import random
import time
from datetime import date
from datetime import datetime as moment
from random import choice
from time import sleep as rest
from time import time as clock
from uuid import uuid4

import pytest

from coordinator.saga import Query, now, saga
from coordinator.saga.definition import SagaFunction

LAST_OF_A_LINE = "test_own_code.py:"


async def reads_the_clock() -> float:
    return time.time()


async def reads_it_by_another_name() -> float:
    return clock()


async def asks_for_the_moment() -> str:
    return datetime.datetime.now().isoformat()


async def asks_for_it_by_another_name() -> str:
    return moment.utcnow().isoformat()


async def asks_for_the_day() -> str:
    return date.today().isoformat()


async def draws() -> int:
    return random.randint(1, 6)


async def draws_by_another_name() -> str:
    return choice("ab")


async def draws_in_a_loop() -> list[str]:
    return [str(uuid4()) for _ in range(3)]


async def draws_a_secret() -> bytes:
    return os.urandom(8)


async def rests() -> None:
    rest(1)  # noqa: ASYNC251


async def reads_a_file() -> str:
    with open("rates.json") as file:  # noqa: ASYNC230
        return file.read()


@pytest.mark.parametrize(
    ("function", "used", "instead"),
    [
        (reads_the_clock, "time.time", "now()"),
        (reads_it_by_another_name, "time.time", "now()"),
        (asks_for_the_moment, "datetime.datetime.now", "now()"),
        (asks_for_it_by_another_name, "datetime.datetime.utcnow", "now()"),
        (asks_for_the_day, "datetime.date.today", "now()"),
        (draws, "random.randint", "random_float()"),
        (draws_by_another_name, "random.choice", "random_float()"),
        (draws_in_a_loop, "uuid.uuid4", "new_uuid()"),
        (draws_a_secret, "os.urandom", "local step"),
        (rests, "time.sleep", "await asyncio.sleep"),
        (reads_a_file, "io.open", "local step"),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_it_is_refused_where_it_is_declared(function: SagaFunction, used: str, instead: str) -> None:
    """With the file, the line, and what to use instead."""
    line = function.__code__.co_firstlineno + 1
    with pytest.raises(TypeError) as refused:
        saga(version=1)(function)
    assert f"The saga {function.__name__} uses {used} (" in str(refused.value)
    assert f"{LAST_OF_A_LINE}{line})" in str(refused.value)
    assert instead in str(refused.value)


def test_what_is_durable_is_welcome() -> None:
    """So are dice with a seed of their own, other methods of a date, and a query that looks at today's clock."""

    @saga(version=1)
    async def draws_alike(day: datetime.date, age: Query[None, float]) -> list[float]:
        @age.answer
        def _() -> float:
            return time.time()

        dice = random.Random(7)
        assert now() > moment.fromisoformat(f"{day}T00:00:00+00:00")
        return [dice.random() for _ in range(3)]

    assert draws_alike.name == "draws_alike"
