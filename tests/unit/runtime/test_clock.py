"""Time that does not jump."""

from coordinator.runtime.clock import SteadyClock


class Clocks:
    """The two clocks of a machine."""

    def __init__(self) -> None:
        self.wall = 1_000_000.0
        self.elapsed = 50.0

    def pass_ms(self, ms: float) -> None:
        self.wall += ms
        self.elapsed += ms


def steady() -> tuple[SteadyClock, Clocks]:
    clocks = Clocks()
    return SteadyClock(lambda: clocks.wall, lambda: clocks.elapsed), clocks


def test_it_goes_with_the_wall_clock() -> None:
    """Without steps the two agree."""
    clock, clocks = steady()
    clocks.pass_ms(12_345)
    assert clock() == 1_012_345


def test_a_step_forward_fires_nothing_early() -> None:
    """An hour's step makes 20 s last no less than 19 s."""
    clock, clocks = steady()
    before = clock()
    clocks.wall += 3_600_000
    clocks.pass_ms(19_000)
    assert clock() - before <= 20_000


def test_it_never_goes_back() -> None:
    """A step back of a day only slows it."""
    clock, clocks = steady()
    before = clock()
    clocks.wall -= 86_400_000
    clocks.pass_ms(1_000)
    assert before + 940 <= clock() <= before + 1_000


def test_a_step_is_followed_slowly() -> None:
    """In the end it agrees with the wall clock again."""
    clock, clocks = steady()
    clocks.wall += 5_000
    for _ in range(600):
        clocks.pass_ms(1_000)
        clock()
    assert clock() == clocks.wall
