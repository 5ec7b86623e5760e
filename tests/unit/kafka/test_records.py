"""Which partition a record goes to, where it names one, and where not."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from coordinator.kafka.records import Record, lanes, partition_for

Records = st.lists(
    st.builds(
        Record,
        topic=st.sampled_from(["flights", "hotels", "unknown"]),
        key=st.sampled_from([f"trip:{number}" for number in range(20)]),
        headers=st.just(()),
        value=st.just(b"{}"),
        partition=st.none() | st.integers(0, 9),
    ),
    max_size=60,
)
PARTITIONS = {"flights": range(8), "hotels": range(16)}


def sent_to(record: Record, of: int | None = None) -> int:
    """Its partition."""
    [lane] = lanes([record], PARTITIONS, of)
    return lane.partition


@given(Records, st.none() | st.sampled_from([1, 8, 16]))
def test_each_is_in_one_lane_and_in_order(records: list[Record], of: int | None) -> None:
    """Behind one another in each partition as they were given; only those of unknown topics are in none."""
    found = lanes(records, PARTITIONS, of)
    assert len({(lane.topic, lane.partition) for lane in found}) == len(found)
    assert all(lane.places == sorted(lane.places) for lane in found)
    assert all(records[place].topic == lane.topic for lane in found for place in lane.places)
    known = [place for place, record in enumerate(records) if record.topic in PARTITIONS]
    assert sorted(place for lane in found for place in lane.places) == known


@given(Records, st.none() | st.sampled_from([1, 8, 16]))
def test_the_partition_that_is_named(records: list[Record], of: int | None) -> None:
    """If there is such a one, and the topic has as many as it is one of."""
    for lane in lanes(records, PARTITIONS, of):
        known = PARTITIONS[lane.topic]
        for record in (records[place] for place in lane.places):
            named = record.partition in known and of in (None, len(known))
            assert lane.partition == (record.partition if named else partition_for(record.key, known))


def test_a_topic_with_more_partitions_than_the_replies() -> None:
    """Only some of them would ever be used: there the key decides."""
    keys = [f"trip:{number}" for number in range(100)]
    aimed = [Record("hotels", key, (), b"{}", number % 8) for number, key in enumerate(keys)]
    assert [sent_to(each, 8) for each in aimed] == [partition_for(key, range(16)) for key in keys]
    assert {sent_to(each, 8) for each in aimed} == {*range(16)}
    assert [sent_to(replace(each, topic="flights"), 8) for each in aimed] == [each.partition for each in aimed]
