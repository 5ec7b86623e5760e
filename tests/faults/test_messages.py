"""Messages that come twice, too early, or that nobody asked for."""

import json
from collections.abc import Iterable

import msgspec
import pytest

from contracts.answers import Answer, Failure, Refusal, Success
from contracts.command_message import CommandMessage
from contracts.failures import Problem
from contracts.reply_message import ReplyMessage
from contracts.travel.flights import Flights, ReserveFlight
from contracts.values import NULL
from tests.faults.copies import Copier
from tests.faults.queues import Travelled, all_records, send, unread
from tests.faults.system import System
from tests.faults.trips import Trips
from tests.faults.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_everything_comes_twice(system: System, trips: Trips) -> None:
    """Every command, every undo and every reply: nothing is done twice, and all ends as it should."""
    async with Copier(system) as copier:
        await trips.ask_for(24)
        assert await trips.faults() == []
        await until(copier.caught_up)
    sent = await all_records(system, [system.topics.replies])
    answered = [record.named["ce_commandid"] for record in sent if record.named["ce_subject"] in trips.expected]
    assert copier.copied > 24 * 4
    assert min(answered.count(command_id) for command_id in set(answered)) >= 2


async def dead_letters(system: System, about: Iterable[str]) -> list[tuple[str, str]]:
    """What was set aside of these sagas, and why: (what the reply was to, the reason)."""
    wanted = {*about}
    found = await all_records(system, [system.topics.dead_letters])
    of_interest = [record.named for record in found if (record.key or b"").decode() in wanted]
    return [(each.get("ce_commandid", "nothing"), each["amends-reason"]) for each in of_interest]


def seat(saga_id: str, direction: str, system: System) -> Travelled:
    """A seat is reserved, or given back."""
    arguments = bytes(Flights.reserve.write_arguments((ReserveFlight("Ada", "Lisbon", 12_000),), {}))
    undo = direction == "undo"
    value = json.dumps({"command": json.loads(arguments), "result": None, "cause": {"type": "timeout"}}).encode()
    message = CommandMessage(
        command_id=f"{saga_id}:1" + (":undo" if undo else ""),
        type="flights.reserve",
        definition="book_trip",
        saga_id=saga_id,
        direction="undo" if undo else "forward",
        attempt=1,
        time_ms=1_700_000_000_000,
        reply_to=system.topics.replies,
        value=value if undo else arguments,
    )
    return Travelled(system.topics.commands("flights"), saga_id.encode(), message.value, tuple(message.headers()))


async def test_an_undo_comes_before_its_command(system: System, trips: Trips) -> None:
    """The undo succeeds, the late command is refused, and nothing was ever done; their replies belong to no saga."""
    saga_id = "book_trip:overtaken"
    await send(system, [seat(saga_id, "undo", system), seat(saga_id, "forward", system)])

    async def both_answered() -> bool:
        return len(await dead_letters(system, [saga_id])) == 2

    await until(both_answered)
    replies = [r for r in await all_records(system, [system.topics.replies]) if r.key == saga_id.encode()]
    said = {reply.named["ce_commandid"]: reply.named["ce_type"] for reply in replies}
    assert said == {
        f"{saga_id}:1:undo": "amends.reply.succeeded",
        f"{saga_id}:1": "amends.reply.refused",
    }
    assert json.loads(replies[1].value or b"")["type"] == "undone_before"
    evidence = await trips.evidence()
    effects = [effect for effect in evidence.effects if effect.command_id.startswith(saga_id)]
    assert effects == []
    assert {reason for _, reason in await dead_letters(system, [saga_id])} == {"there is no such saga"}


def forged(system: System, saga_id: str, command_id: str, answer: Answer, attempt: int = 1) -> Travelled:
    """A reply that nobody was asked for."""
    message = ReplyMessage("forged", saga_id, command_id, attempt, answer, "/amends/participants/hotels", 0)
    return Travelled(system.topics.replies, saga_id.encode(), message.value, tuple(message.headers()))


def broken(system: System, saga_id: str, value: bytes | None, **changes: str) -> Travelled:
    """A reply that cannot be read."""
    good = forged(system, saga_id, f"{saga_id}:3", Success(NULL))
    headers = {**dict(good.headers), **{name: text.encode() for name, text in changes.items()}}
    return Travelled(good.topic, good.key, value, tuple((k, v) for k, v in headers.items() if v != b"gone"))


async def test_replies_that_belong_to_nothing(system: System, trips: Trips) -> None:
    """Unknown, foreign, settled, outdated and unreadable ones: none changes anything, each is set aside, and the
    partition moves on."""
    ended, other = await trips.ask("booked"), await trips.ask("declined")
    await trips.at_rest()
    going = await trips.ask("slow", pause=2.0)
    await trips.reached(going, "step_succeeded", 2)
    before = await trips.evidence()
    yes, no = Success(NULL), Refusal(Problem("forged", "No."))
    again = Failure(Problem("forged", "Try again.", retryable=True))
    records = [
        forged(system, "book_trip:nobody", "book_trip:nobody:1", yes),
        forged(system, ended, f"{ended}:1", no),
        forged(system, ended, f"{ended}:2:undo", yes),
        forged(system, other, f"{other}:2", yes),
        forged(system, other, f"{other}:2:undo", no),
        forged(system, going, f"{ended}:2", no),
        forged(system, going, f"{going}:2", no),
        forged(system, going, f"{going}:2:undo", yes),
        forged(system, going, f"{going}:99", no),
        forged(system, going, f"{going}:1", again, attempt=7),
        forged(system, going, "nonsense", no),
        broken(system, going, b'{"broken":'),
        broken(system, going, b"[NaN]"),
        broken(system, going, b'"\\ud800"'),
        broken(system, going, b'"\\u0000"'),
        broken(system, going, b"[" * 100_000),
        broken(system, going, b"9" * 5_000),
        broken(system, going, b"{}", ce_commandid="gone"),
        broken(system, going, b"{}", ce_attempt="-1"),
        broken(system, going, b"{}", ce_type="amends.reply.maybe"),
        Travelled(system.topics.replies, going.encode(), None, ()),
    ]
    await send(system, records)

    async def all_set_aside() -> bool:
        return len(await dead_letters(system, [ended, other, going, "book_trip:nobody"])) >= len(records)

    await until(all_set_aside)
    set_aside = await dead_letters(system, [ended, other, going, "book_trip:nobody"])
    assert len(set_aside) == len(records)
    assert all(reason for _, reason in set_aside)
    after = await trips.evidence()
    for saga_id in (ended, other):
        assert after.histories[saga_id] == before.histories[saga_id]
    assert await trips.faults() == []
    assert not await unread(system)


async def test_a_success_that_comes_late_changes_nothing(system: System, trips: Trips) -> None:
    """M3: the saga has gone back; the answer to a step that it gave up comes after that."""
    saga_id = await trips.ask("declined")
    await trips.at_rest()
    before = await trips.evidence()
    receipt = Success(msgspec.Raw(b'{"charge": "CH-late", "amount": 30000}'))
    await send(system, [forged(system, saga_id, f"{saga_id}:3", receipt)])

    async def set_aside() -> bool:
        return len(await dead_letters(system, [saga_id])) == 1

    await until(set_aside)
    assert (await trips.evidence()).histories == before.histories
    assert await trips.faults() == []
