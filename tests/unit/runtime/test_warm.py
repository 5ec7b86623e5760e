"""Which sagas stay in memory."""

from typing import Any, cast

from coordinator.runtime.observed_steps import ObservedSteps
from coordinator.runtime.warm import ASLEEP_MS, COLD_AFTER_MS, WarmSaga, WarmSagas

NOW = 1_000_000
SOON, LATE = NOW + 1_000, NOW + COLD_AFTER_MS + ASLEEP_MS + 1


def keep(sagas: WarmSagas, saga_id: str, wake_at: int | None, now: int = NOW, shard: int = 0) -> None:
    sagas.keep(saga_id, WarmSaga(cast(Any, None), wake_at, shard, ObservedSteps(saga_id)), wake_at, now)


def kept(sagas: WarmSagas) -> str:
    return "".join(each for each in "abcdef" if each in sagas)


def test_those_not_used_for_longest_leave_first() -> None:
    """A saga that is used again stays."""
    sagas = WarmSagas(2)
    for each in "abac":
        keep(sagas, each, SOON)
    assert kept(sagas) == "ac"


def test_those_asleep_leave_before_those_awake() -> None:
    """However recently they were used."""
    sagas = WarmSagas(4)
    for each, wake_at in (("a", SOON), ("b", SOON), ("c", LATE), ("d", SOON), ("e", SOON)):
        keep(sagas, each, wake_at)
    assert kept(sagas) == "abde"


def test_those_asleep_take_a_quarter_of_the_places() -> None:
    """Though there is room; those who fell asleep first leave first."""
    sagas = WarmSagas(8)
    for each, wake_at in (("a", SOON), ("b", LATE), ("c", None), ("b", LATE), ("d", LATE)):
        keep(sagas, each, wake_at)
    assert kept(sagas) == "abd"


def test_those_that_sleep_for_a_while_leave() -> None:
    """Though there is room; those awake stay, and those that have only just fallen asleep."""
    sagas = WarmSagas(8)
    keep(sagas, "a", LATE)
    keep(sagas, "b", SOON)
    keep(sagas, "c", LATE)
    keep(sagas, "c", SOON)
    keep(sagas, "d", LATE, NOW + 1)
    assert not sagas.cool(NOW + COLD_AFTER_MS)
    assert kept(sagas) == "bcd"


def test_many_leave_a_handful_at_a_time() -> None:
    """The event loop is not held up by a hundred thousand that fall asleep together."""
    sagas = WarmSagas(10_000)
    for number in range(1_200):
        keep(sagas, f"nap:{number}", LATE)
    left: list[int] = []
    while sagas.cool(NOW + COLD_AFTER_MS):
        left.append(len(sagas))
    assert left == [700, 200]
    assert len(sagas) == 0


def test_a_saga_that_is_dropped_or_given_away_is_forgotten_whole() -> None:
    """Nothing about its sleep is left."""
    sagas = WarmSagas(4)
    keep(sagas, "a", LATE)
    sagas.drop("a")
    keep(sagas, "b", LATE, shard=7)
    sagas.retain(lambda shard: shard != 7)
    keep(sagas, "c", SOON)
    assert not sagas.cool(LATE)
    assert kept(sagas) == "c"
