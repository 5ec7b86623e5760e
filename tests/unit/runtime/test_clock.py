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
    """A clock that was told what this machine's clock shows."""
    clocks = Clocks()
    clock = SteadyClock(lambda: clocks.wall, lambda: clocks.elapsed)
    clock.tell(clocks.wall)
    return clock, clocks


def test_it_goes_with_real_time() -> None:
    """Whatever the machine's wall clock shows meanwhile."""
    clock, clocks = steady()
    clocks.wall -= 86_400_000
    clocks.pass_ms(12_345)
    assert clock() == 1_012_345


def test_it_begins_with_what_it_is_told_first() -> None:
    """However wrong this machine's clock is, and in both directions."""
    for wrong in (-3_600_000, 3_600_000):
        clocks = Clocks()
        clock = SteadyClock(lambda: clocks.wall, lambda: clocks.elapsed)  # noqa: B023
        assert not clock.told
        clock.tell(clocks.wall + wrong)
        assert (clock.told, clock()) == (True, 1_000_000 + wrong)


def test_a_step_forward_fires_nothing_early() -> None:
    """An hour's step makes 20 s last no less than 19 s."""
    clock, clocks = steady()
    before = clock()
    clock.tell(clocks.wall + 3_600_000)
    clocks.pass_ms(19_000)
    assert clock() - before <= 20_000


def test_it_never_goes_back() -> None:
    """A step back of a day only slows it."""
    clock, clocks = steady()
    before = clock()
    clock.tell(clocks.wall - 86_400_000)
    clocks.pass_ms(1_000)
    assert before + 940 <= clock() <= before + 1_000


def test_a_step_is_followed_slowly() -> None:
    """In the end it shows what it was told."""
    clock, clocks = steady()
    clock.tell(clocks.wall + 5_000)
    for _ in range(600):
        clocks.pass_ms(1_000)
        clock()
    assert clock() == clocks.wall + 5_000


def test_being_told_again_changes_the_aim_only() -> None:
    """What was being made good is forgotten when there is better news."""
    clock, clocks = steady()
    clock.tell(clocks.wall + 5_000)
    clocks.pass_ms(1_000)
    clock.tell(clocks.wall)
    clocks.pass_ms(10_000)
    assert clock() == clocks.wall
