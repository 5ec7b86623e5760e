"""Whose sagas are whose, where they are placed, and where replies to them are asked for."""

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from coordinator.runtime.ownership import COMPANY, COMPANY_MS, Ownership
from coordinator.runtime.shards import partition_of, shard_of

KEYS = [f"buy:{number}" for number in range(500)]
T0 = 1_790_000_000_000
"""Some time, in ms."""


def assigned(partitions: set[int], count: int) -> Ownership:
    """A coordinator with these partitions."""
    ownership = Ownership()
    ownership.assign(frozenset(partitions), count)
    return ownership


def placed(here: Ownership, keys: list[str], apart_ms: int = 0, first: int = T0) -> list[int]:
    """The partitions of sagas that begin there, each so long after the one before."""
    return [here.partition(here.place(key, first + number * apart_ms)) for number, key in enumerate(keys)]


def turns(partitions: list[int]) -> list[tuple[int, int]]:
    """Which partition's turn it was, and how many sagas it got."""
    return [(partition, len([*group])) for partition, group in groupby(partitions)]


@given(st.text(min_size=1, max_size=40), st.integers(1, 40), st.data())
def test_what_is_started_here_is_ours(key: str, count: int, data: st.DataObject) -> None:
    """Its replies come here, whatever its id hashes to, and nobody else owns it."""
    own = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    here, there = assigned(own, count), assigned({*range(count)} - own, count)
    shard = here.place(key, T0)
    asked_for = here.reply_partition(key, shard)
    assert (here.owns(shard), there.owns(shard)) == (True, False)
    assert (here.hears(key, asked_for), there.hears(key, asked_for)) == (True, False)


Moves = st.lists(
    st.tuples(st.integers(-2 * COMPANY_MS, 2 * COMPANY_MS), st.none() | st.sets(st.integers(0, 7))), max_size=300
)
"""By how much the clock moves before a saga begins, and the partitions that are assigned just before, if it changes."""


@given(st.sampled_from([frozenset({*range(8)}), frozenset({1, 4, 6})]), Moves)
def test_wherever_clock_and_partitions_move(first: frozenset[int], moves: list[tuple[int, set[int] | None]]) -> None:
    """What begins is ours at that moment, and no company is larger or lasts longer than it may."""
    here, now = assigned({*first}, 8), T0
    company: list[int] = []
    before: int | None = None
    for number, (by, change) in enumerate(moves):
        now += by
        if change is not None:
            here.assign(frozenset(change), 8)
        shard = here.place(f"buy:{number}", now)
        if not here.partitions:
            assert shard == shard_of(f"buy:{number}")
            continue
        assert here.owns(shard)
        partition = here.partition(shard)
        company = [*company, now] if partition == before and change is None and len(here.partitions) > 1 else [now]
        before = partition
        assert len(company) <= COMPANY
        assert max(company) - min(company) < COMPANY_MS


def test_what_begins_together_shares_a_partition() -> None:
    """So many at most, then the next one's turn comes, and each has its turn."""
    assert turns(placed(assigned({*range(8)}, 8), KEYS[: 3 * COMPANY])) == [(1, COMPANY), (2, COMPANY), (3, COMPANY)]
    assert turns(placed(assigned({1, 4, 6}, 8), KEYS[: 4 * COMPANY])) == [(each, COMPANY) for each in (4, 6, 1, 4)]


def test_what_comes_seldom_is_spread_one_by_one() -> None:
    """Company is had with those of the same moment only."""
    partitions = placed(assigned({*range(8)}, 8), KEYS[:400], COMPANY_MS)
    assert {partitions.count(each) for each in range(8)} == {50}
    assert {count for _, count in turns(partitions)} == {1}
    here = assigned({*range(8)}, 8)
    assert turns([here.partition(here.place("buy:1", T0 + at)) for at in (0, COMPANY_MS - 1, COMPANY_MS)]) == [
        (1, 2),
        (2, 1),
    ]


def test_a_clock_that_goes_back_ends_a_turn() -> None:
    """It cannot keep a turn open until it is where it was, and the next one lasts as long as any."""
    here = assigned({*range(8)}, 8)
    times = [T0, T0 + 1, T0 - 3_600_000, T0 - 3_600_000 + COMPANY_MS - 1, T0 - 3_600_000 + COMPANY_MS]
    assert turns([here.partition(here.place("buy:1", at)) for at in times]) == [(1, 2), (2, 2), (3, 1)]


def test_partitions_lost_in_the_middle_of_a_turn() -> None:
    """The rest of a company goes to one that is still here."""
    here = assigned({*range(8)}, 8)
    [lost] = {*placed(here, KEYS[:10])}
    here.assign(frozenset({*range(8)} - {lost}), 8)
    [(other, count)] = turns(placed(here, KEYS[10:20]))
    assert (other != lost, count) == (True, 10)
    here.assign(frozenset(), 8)
    assert here.place("buy:1", T0) == shard_of("buy:1")
    here.assign(frozenset({5}), 8)
    assert turns(placed(here, KEYS[:200])) == [(5, 200)]


def test_each_of_two_coordinators_has_company_among_its_own() -> None:
    """Nothing is placed with the other."""
    for own in ({0, 2, 4, 6}, {1, 3, 5, 7}):
        companies = turns(placed(assigned(own, 8), KEYS[: 7 * COMPANY]))
        assert {partition for partition, _ in companies} == own
        assert {count for _, count in companies} == {COMPANY}


def test_no_header_where_the_key_leads_there() -> None:
    """Only where it does not, a partition is asked for."""
    here = assigned({*range(8)}, 8)
    for key in KEYS:
        shard = here.place(key, T0)
        follows = partition_of(key, 8) == here.partition(shard)
        assert here.reply_partition(key, shard) == (None if follows else here.partition(shard))


def test_one_that_owns_nothing_leaves_it_to_the_id() -> None:
    """As it is before the group has divided the partitions, or with more coordinators than partitions."""
    for ownership in (Ownership(), assigned(set(), 8)):
        assert all(ownership.place(key, T0) == shard_of(key) for key in KEYS)
        assert {ownership.reply_partition(key, shard_of(key)) for key in KEYS} == {None}
        assert not any(ownership.owns(shard_of(key)) for key in KEYS)


def test_twice_the_partitions() -> None:
    """F6: each saga belongs to one of them again, and its next command says to which."""
    before, after = assigned({1, 4}, 8), assigned({*range(16)}, 16)
    for key in KEYS:
        shard = before.place(key, T0)
        asked_for = after.reply_partition(key, shard)
        partition = partition_of(key, 16) if asked_for is None else asked_for
        assert partition == after.partition(shard)
        assert partition % 8 in (1, 4)


def test_a_partition_that_is_gone() -> None:
    """Replies that were asked for there go where their key leads."""
    here = assigned({0, 1}, 2)
    assert all(here.hears(key, 7) for key in KEYS)
    half = assigned({0}, 2)
    assert {key for key in KEYS if half.hears(key, 7)} == {key for key in KEYS if partition_of(key, 2) == 0}
