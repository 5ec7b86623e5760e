"""Handlers that take long keep what the barrier promises: of two attempts one is at it, and nothing is done after its
undo."""

import pytest

from contracts import Failed, Refused
from participants.sdk import long_handlers
from tests.integration.participants.archives import New, ended
from tests.unit.participants.archive import unwalk, walk


async def test_it_tells_how_far_it_is_and_is_answered_once(new: New) -> None:
    """Each heartbeat is a reply; the answer is kept, so that a duplicate gets it again."""
    one = new("one")
    one.lets(3)
    await ended(one.take(walk()))
    assert one.replies == ["1 progress 1", "1 progress 2", "1 progress 3", "1 succeeded 3"]
    await ended(one.take(walk(attempt=2)))
    assert one.replies[4:] == ["2 succeeded 3"]
    assert (one.hand.lasts, await one.rows()) == ([None], [(0, "one"), (1, "one"), (2, "one")])


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_another_attempt_joins_the_one_that_runs(new: New, elsewhere: bool) -> None:
    """Here or in another process: the handler is called once, and heartbeats and answer are to the latest attempt."""
    one = new("one")
    two = new("two") if elsewhere else one
    first = await one.walks()
    second = two.take(walk(attempt=2))
    if elsewhere:
        await ended(second)
    one.lets(2)
    await ended(first, second)
    assert one.replies[1:] == ["2 progress 2", "2 progress 3", "2 succeeded 3"]
    assert [row for row, _ in await one.rows()] == [0, 1, 2]
    if elsewhere:
        assert (two.replies, two.hand.lasts) == ([], [])


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_an_undo_stops_what_it_undoes(new: New, elsewhere: bool) -> None:
    """Where it waits, also in another process. Then it takes back what was committed on the way; the next attempt does
    nothing."""
    one = new("one")
    two = new("two") if elsewhere else one
    first = await one.walks()
    undone = two.take(unwalk())
    await ended(first, undone)
    assert two.replies[-1] == "undo 1 succeeded null"
    assert (two.hand.undone, await one.rows()) == ([None], [])
    await ended(one.take(walk(attempt=2)), two.take(unwalk(attempt=2)))
    assert "2 refused undone_before" in one.replies
    assert (two.replies[-1], one.hand.lasts, two.hand.undone) == ("undo 2 succeeded null", [None], [None])


async def test_a_late_finisher_cannot_commit_after_its_undo(new: New) -> None:
    """Its locks are gone with their connection, as those of a process that was cut off: the undo does not wait."""
    one, two = new("one"), new("two")
    first = await one.walks()
    assert one.room._locks is not None
    await one.room._locks.close()
    await ended(two.take(unwalk()))
    assert two.replies == ["undo 1 succeeded null"]
    one.lets(2)
    await ended(first)
    assert (one.hand.ends, await one.rows(), one.replies[1:]) == (["Stopped"], [], [])


async def test_a_process_that_was_cut_off_has_no_company_for_long(new: New) -> None:
    """Another one takes the command over; whoever was at it finds that out before it commits anything more."""
    one, two = new("one"), new("two")
    first = await one.walks()
    assert one.room._locks is not None
    await one.room._locks.close()
    second = two.take(walk(attempt=2))
    two.lets()
    await two.says("2 progress 2")
    one.lets(2)
    await ended(first)
    two.lets()
    await ended(second)
    assert (one.replies, two.replies[-1]) == (["1 progress 1"], "2 succeeded 3")
    assert await one.rows() == [(0, "one"), (1, "two"), (2, "two")]


async def test_an_undo_that_was_there_before(new: New) -> None:
    """The command is refused, and its handler is not called."""
    one = new("one")
    await ended(one.take(unwalk()))
    await ended(one.take(walk()))
    assert one.replies == ["undo 1 succeeded null", "1 refused undone_before"]
    assert (one.hand.lasts, one.hand.undone) == ([], [])


async def test_a_process_that_was_killed_is_followed_by_the_next(new: New) -> None:
    """What was told last is in the barrier too, whatever the coordinator has heard of it."""
    one, two = new("one"), new("two")
    one.take(walk())
    one.lets(2)
    await one.says("1 progress 1", "1 progress 2")
    await one.dies()
    two.lets()
    await ended(two.take(walk(attempt=2, progress=1)))
    assert (two.hand.lasts, two.replies) == ([2], ["2 progress 3", "2 succeeded 3"])
    assert await two.rows() == [(0, "one"), (1, "one"), (2, "two")]


async def test_what_the_command_brings_is_believed_where_the_barrier_knows_nothing(new: New) -> None:
    """As when the participant has got another database."""
    one = new("one")
    one.lets()
    await ended(one.take(walk(attempt=2, progress=2)))
    assert one.hand.lasts == [2]


async def test_a_killed_process_leaves_something_to_undo(new: New) -> None:
    """Nobody knows what it had done: the undo is called, without a result."""
    one, two = new("one"), new("two")
    await one.walks()
    await one.dies()
    await ended(two.take(unwalk()))
    assert (two.hand.undone, await two.rows()) == ([None], [])


async def test_a_failure_goes_on_from_where_it_was(new: New) -> None:
    """And can be undone, since what it had committed stands."""
    one = new("one")
    one.hand.raises = {1: Failed("broken"), 2: Failed("broken")}
    one.lets(2)
    await ended(one.take(walk()))
    one.lets(2)
    await ended(one.take(walk(attempt=2)))
    assert one.replies == ["1 progress 1", "1 failed broken", "2 progress 2", "2 failed broken"]
    assert one.hand.lasts == [None, 1]
    await ended(one.take(unwalk()))
    assert (one.hand.undone, await one.rows()) == ([None], [])


async def test_a_no_before_anything_was_done_is_a_no(new: New) -> None:
    """It is kept, and there is nothing to undo."""
    one = new("one")
    one.hand.raises = {0: Refused("closed")}
    one.lets()
    await ended(one.take(walk()))
    await ended(one.take(walk(attempt=2)))
    await ended(one.take(unwalk()))
    assert one.replies == ["1 refused closed", "2 refused closed", "undo 1 succeeded null"]
    assert one.hand.undone == []


async def test_a_no_after_something_was_done_has_it_undone(new: New) -> None:
    """It is a failure for good, so that the saga undoes the step."""
    one = new("one")
    one.hand.raises = {1: Refused("closed")}
    one.lets(2)
    await ended(one.take(walk()))
    assert one.replies[-1] == "1 failed closed"
    await ended(one.take(unwalk()))
    assert one.hand.undone == [None]


async def test_a_process_that_stops_hands_over_at_once(new: New) -> None:
    """The attempt fails without waiting for its deadline, and the next one goes on elsewhere."""
    one, two = new("one"), new("two")
    first = await one.walks()
    one.room.close()
    await ended(first)
    assert one.replies[-1] == "1 failed participant_stopped"
    await ended(one.take(walk(step=2)))
    assert one.replies[-1] == "1 failed participant_stopped"
    two.lets(2)
    await ended(two.take(walk(attempt=2)))
    assert two.hand.lasts == [1]


async def test_an_undo_does_not_wait_for_ever(new: New, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that does not end is not undone beside itself: the undo is to be tried again."""
    monkeypatch.setattr(long_handlers, "UNDO_WAIT_S", 0.2)
    one, two = new("one"), new("two")
    one.hand.hangs = True
    first = await one.walks()
    await ended(one.take(unwalk()), two.take(unwalk()))
    assert (one.replies[-1], two.replies) == ("undo 1 failed still_running", ["undo 1 failed still_running"])
    one.hand.go.set()
    await ended(first)
    await ended(one.take(unwalk(attempt=2)))
    assert (one.replies[-1], one.hand.undone) == ("undo 2 succeeded null", [None])


async def test_a_handler_that_is_silent_for_two_attempts_is_begun_anew(new: New) -> None:
    """The first that finds it silent joins it: its coordinator may have been away. The second does not."""
    one = new("one")
    first = await one.walks()
    assert one.take(walk(attempt=2)) is first
    third = one.take(walk(attempt=3))
    assert third is not first
    one.lets(2)
    await ended(first, third)
    assert (one.hand.ends, one.hand.lasts) == (["CancelledError", "walked"], [None, 1])
    assert one.replies == ["1 progress 1", "3 progress 2", "3 progress 3", "3 succeeded 3"]


async def test_many_run_beside_each_other(new: New) -> None:
    """One that takes its time holds up nobody."""
    one = new("one")
    waiting = one.take(walk(step=1))
    others = [one.take(walk(0, step=step)) for step in range(2, 12)]
    await ended(*others)
    assert sorted(one.replies) == ["1 succeeded 0"] * 10
    one.lets(3)
    await ended(waiting)
