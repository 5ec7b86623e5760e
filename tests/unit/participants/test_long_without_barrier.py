"""Handlers that take long, of a participant without a barrier."""

import asyncio

from contracts import Failed, Refused
from contracts.command_message import CommandMessage
from participants.sdk.apart import Apart, apart, executor_of
from participants.sdk.arrivals import Arrivals, Call
from participants.sdk.tracing import Tracing
from tests.unit.participants.archive import REPLIES, Answer, Hand, participant_of_archive, said, unwalk, walk
from tests.unit.participants.shop import participant_of_shop

TRACING = Tracing("amends.commands.archive")


class Process:
    """One process, without Kafka."""

    def __init__(self, places: int = 100) -> None:
        self.hand = Hand("one")
        self.replies: list[str] = []
        self._participant = participant_of_archive(self.hand, barrier=False)
        found = apart(self._participant, None, TRACING, 30, self._reply, places)
        assert found is not None
        self.apart: Apart = found

    async def _reply(self, message: CommandMessage, answer: Answer, traceparent: str | None) -> None:
        self.replies.append(said(message, answer))

    def call(self, message: CommandMessage) -> Call:
        """As it came from Kafka."""
        call = Arrivals(self._participant, REPLIES).read(message.headers(), message.value)
        assert isinstance(call, Call)
        return call

    async def said(self, count: int) -> list[str]:
        """All that was said, once there is so much."""
        async with asyncio.timeout(10):
            while len(self.replies) < count:  # noqa: ASYNC110 (the fact is not an event of anybody's)
                await asyncio.sleep(0)
        return self.replies


async def test_the_round_goes_on_and_the_answer_comes_later() -> None:
    """The last heartbeat is what the command brings; whoever is at it answers the latest attempt."""
    one = Process()
    assert await one.apart.handle([one.call(walk(progress=1)), one.call(walk(progress=1, attempt=2))]) == [None, None]
    assert one.replies == []
    for _ in range(2):
        one.hand.steps.release()
    assert await one.said(3) == ["2 progress 2", "2 progress 3", "2 succeeded 3"]
    assert one.hand.lasts == [1]


async def test_an_undo_stops_the_handler() -> None:
    """And is called, since nobody knows what was done."""
    one = Process()
    await one.apart.handle([one.call(walk())])
    one.hand.steps.release()
    await one.said(1)
    await one.apart.handle([one.call(unwalk())])
    assert await one.said(2) == ["1 progress 1", "undo 1 succeeded null"]
    assert (one.hand.ends, one.hand.undone) == (["CancelledError"], [None])


async def test_what_it_raises_is_answered() -> None:
    """Here too, a no after something was told is a failure for good."""
    one = Process()
    one.hand.raises = {0: Refused("closed")}
    one.hand.steps.release()
    await one.apart.handle([one.call(walk())])
    assert await one.said(1) == ["1 refused closed"]
    one.hand.raises = {0: Failed("broken"), 1: Refused("closed")}
    one.hand.steps.release()
    await one.apart.handle([one.call(walk(step=2))])
    assert (await one.said(2))[1] == "1 failed broken"
    one.hand.steps.release()
    one.hand.steps.release()
    await one.apart.handle([one.call(walk(step=2, attempt=2))])
    assert (await one.said(4))[2:] == ["2 progress 1", "2 failed closed"]


async def test_nothing_is_made_where_all_answer_soon() -> None:
    """Such a participant has the executor that it had."""
    one = Process()
    assert apart(participant_of_shop(), None, TRACING, 30, one._reply) is None
    assert executor_of(None, TRACING, 30) is not None


async def test_a_last_heartbeat_that_cannot_be_read_is_a_failure() -> None:
    """To be tried again, by a release that can."""
    one = Process()
    message = walk()
    call = one.call(CommandMessage.read([*message.headers(), ("ce_progress", b'"page 7"')], message.value))
    await one.apart.handle([call])
    assert await one.said(1) == ["1 failed unreadable_progress"]
