"""When a saga's row gets a new wake-up time."""

from hypothesis import given
from hypothesis import strategies as st

from coordinator.runtime.waking import SLACK_MS, row_must_move

times = st.none() | st.integers(0, 200_000)


@given(st.lists(st.tuples(st.integers(0, 5_000), times), min_size=1))
def test_a_row_is_never_late_and_hardly_early(steps: list[tuple[int, int | None]]) -> None:
    """W1 and W2 hold after every commit, whatever the engine decides."""
    row: int | None = None
    now = 0
    for passed, ahead in steps:
        now += passed
        true = None if ahead is None else now + ahead
        if row_must_move(row, true, now):
            row = true
        if true is None:
            assert row is None
        else:
            assert row is not None
            assert row <= true <= row + SLACK_MS


@given(st.integers(1, 100_000), st.integers(0, 50_000))
def test_a_row_that_has_passed_is_moved(wake_at: int, later: int) -> None:
    """W3: the next commit moves it."""
    assert row_must_move(wake_at, wake_at + later + 1, now=wake_at)


def test_the_next_steps_timeout_costs_nothing() -> None:
    """A step that is answered soon does not move its saga's row."""
    assert not row_must_move(20_000, 20_030, now=30)


def test_a_month_of_sleep_is_written() -> None:
    """A saga that sleeps for long is not found by the sweeps in between."""
    assert row_must_move(20_000, 30 * 86_400_000, now=30)
