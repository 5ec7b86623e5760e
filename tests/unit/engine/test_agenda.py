"""The agenda: whatever is put, moved and removed, the earliest is what a look at everything would find."""

from hypothesis import given
from hypothesis import strategies as st

from coordinator.engine.agenda import Agenda, Due, DueKey

KEYS = st.tuples(st.sampled_from(Due), st.integers(1, 4))
ACTS = st.tuples(st.sampled_from(["put", "put", "remove", "look", "keep", "clear"]), KEYS, st.integers(0, 9))


def earliest(times: dict[DueKey, int]) -> tuple[int, DueKey] | None:
    return min(((at, key) for key, at in times.items()), default=None)


@given(st.lists(ACTS, max_size=200))
def test_the_earliest_is_found(acts: list[tuple[str, DueKey, int]]) -> None:
    """After any number of changes, and however many were undone before anybody looked."""
    agenda, times = Agenda(), dict[DueKey, int]()
    for what, key, at in acts:
        match what:
            case "put":
                agenda.put(key, at)
                times[key] = at
            case "remove":
                agenda.remove(key)
                times.pop(key, None)
            case "keep":
                agenda.keep(lambda each: each[0] is Due.UNDO)
                times = {each: at for each, at in times.items() if each[0] is Due.UNDO}
            case "clear" if at == 0:
                agenda.clear()
                times = {}
            case _:
                assert agenda.first == earliest(times)
    assert agenda.first == earliest(times)
    undos = {each: at for each, at in times.items() if each[0] is Due.UNDO}
    assert agenda.first_of(Due.UNDO) == earliest(undos)
    assert bool(agenda) is bool(times)
    assert [agenda.at((due, number)) for due in Due for number in range(1, 5)] == [
        times.get((due, number)) for due in Due for number in range(1, 5)
    ]


def test_at_the_same_time_timers_come_first() -> None:
    """Then steps, undos, the deadline; and among them the lower number."""
    agenda = Agenda()
    for key in [(Due.DEADLINE, 0), (Due.UNDO, 1), (Due.STEP, 2), (Due.STEP, 1), (Due.TIMER, 9)]:
        agenda.put(key, 5)
    order: list[DueKey] = []
    while agenda.first is not None:
        order.append(agenda.first[1])
        agenda.remove(agenda.first[1])
    assert order == [(Due.TIMER, 9), (Due.STEP, 1), (Due.STEP, 2), (Due.UNDO, 1), (Due.DEADLINE, 0)]


def test_what_was_moved_does_not_pile_up() -> None:
    """A step that reports its progress a million times has one deadline."""
    agenda = Agenda()
    for at in range(100_000):
        agenda.put((Due.STEP, 1), at)
    assert len(agenda._heap) < 100
    assert agenda.first == (99_999, (Due.STEP, 1))


def test_equal_by_what_is_due() -> None:
    """Not by how it came about."""
    one, other = Agenda(), Agenda()
    one.put((Due.STEP, 1), 3)
    one.put((Due.STEP, 1), 5)
    other.put((Due.TIMER, 1), 1)
    other.put((Due.STEP, 1), 5)
    assert one != other
    other.remove((Due.TIMER, 1))
    assert one == other
    assert one != {(Due.STEP, 1): 5}
