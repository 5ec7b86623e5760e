"""What a saga has instead of clocks and dice: the same on every replay."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from coordinator.saga import extend_deadline, new_uuid, now, random_float, saga
from coordinator.saga.runtime import OutsideOfSaga
from tests.sagas import SagaDriver, Shop, code


async def notes(shop: Shop) -> list[str]:
    """When, and what it draws, before and after a step."""
    seen = [now().isoformat(), str(new_uuid()), str(random_float())]
    await shop.take("a")
    return [*seen, now().isoformat(), str(new_uuid()), str(random_float())]


def test_a_replay_sees_the_same() -> None:
    """Rebuilt before the step is answered, or never: the code notes the same."""
    kept = SagaDriver(code(notes)).start().passes(5_000).succeeds(1, "A").is_("completed")
    rebuilt = SagaDriver(code(notes)).start().passes(5_000).restarts().succeeds(1, "A").is_("completed")
    assert kept.result == rebuilt.result
    assert len(set(kept.result)) == 6


def test_what_is_drawn_is_new() -> None:
    """Each time, and to each saga."""

    async def body(_: Shop) -> list[str]:
        return [str(new_uuid()) for _ in range(100)]

    drawn = [each for key in "12" for each in SagaDriver(code(body), key=key).start().result]
    assert (
        drawn[0] == "77f88257-cb2a-817e-ab53-384ad40e9abf"
    )  # for ever: a saga that drew it may be asked again in ten years
    assert len(set(drawn)) == 200
    assert {each[14] for each in drawn} == {"8"}
    assert {each[19] for each in drawn} <= set("89ab")


def test_numbers_are_spread_evenly() -> None:
    """At least 0, below 1."""

    async def body(_: Shop) -> list[float]:
        return [random_float() for _ in range(1_000)]

    drawn = SagaDriver(code(body)).start().result
    assert all(0 <= each < 1 for each in drawn)
    assert 420 < sum(each < 0.5 for each in drawn) < 580
    assert len(set(drawn)) == 1_000


def test_the_time_is_that_of_what_happened() -> None:
    """In UTC; it goes on with the next answer."""

    async def body(shop: Shop) -> list[str]:
        first = now()
        await asyncio.sleep(60)
        return [first.isoformat(), (now() - first).total_seconds()]

    driver = SagaDriver(code(body)).start()
    began = driver.now
    driver.passes(60_000).is_("completed")
    assert driver.result == [datetime.fromtimestamp(began / 1_000, UTC).isoformat(), 60.0]


@pytest.mark.parametrize("inside", [now, new_uuid, random_float, lambda: extend_deadline("1h")])
def test_elsewhere_they_are_refused(inside: Any) -> None:
    """With the name of what to use there."""
    with pytest.raises(OutsideOfSaga):
        inside()


# --- the deadline


@saga(version=1, name="errand", deadline="100s")
async def takes_longer(shop: Shop) -> str:
    """Wants ninety seconds more after its first step."""
    await shop.take("a")
    later = extend_deadline("90s")
    await shop.take("b")
    return later.isoformat()


def test_a_deadline_is_extended() -> None:
    """It does not come when it would have come, and comes so much later, after restarts too."""
    driver = SagaDriver(takes_longer).start()
    began = driver.now
    driver.succeeds(1, "A").restarts().succeeds(2, "B").restarts()
    assert driver.result == datetime.fromtimestamp((began + 190_000) / 1_000, UTC).isoformat()
    late = SagaDriver(takes_longer).start().succeeds(1, "A")
    late.will_answer_later(2).passes(150_000).restarts().is_("running").passes(50_000)
    assert late.cause == "deadline_exceeded"


def test_a_saga_without_a_deadline_has_none_to_extend() -> None:
    """The message says how to declare one."""

    async def body(_: Shop) -> None:
        extend_deadline("1h")

    driver = SagaDriver(code(body)).start().is_("parked")
    assert "declare one, as in @saga(version=1, deadline='48h')" in driver.parked_message


def test_a_duration_must_be_one() -> None:
    """The code is told, and parked for it."""

    @saga(version=1, name="errand", deadline="100s")
    async def body(_: Shop) -> None:
        extend_deadline("a while")

    assert "is not a duration" in SagaDriver(body).start().is_("parked").parked_message


def test_code_that_extends_no_more_does_not_fit() -> None:
    """It is parked with a message that says what was expected."""

    @saga(version=1, name="errand", deadline="100s")
    async def changed(shop: Shop) -> str:
        await shop.take("a")
        return await shop.take("b")

    driver = SagaDriver(takes_longer).start().succeeds(1, "A").deploys(changed).wake().is_("parked")
    assert "the saga's deadline extended" in driver.parked_message
