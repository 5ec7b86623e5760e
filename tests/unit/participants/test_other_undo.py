"""A command with two undos: the message says which one its call has chosen."""

import msgspec

from contracts import Contract, command
from contracts.answers import Success
from contracts.command_message import CommandMessage
from contracts.schemas import participant_bundle
from participants.sdk import Participant
from participants.sdk.arrivals import Arrivals, Call, SetAside
from participants.sdk.testing import ParticipantTest
from tests.unit.participants.shop import REPLIES, Parcel, Purchase, forward, undo


class TwoWays(Contract, name="shop"):
    """Goods that are brought back, or sold."""

    @command()
    async def buy(self, purchase: Purchase) -> Parcel: ...  # pyright: ignore[reportReturnType]

    @buy.undo()
    async def give_back(self, purchase: Purchase, parcel: Parcel | None) -> None: ...

    @buy.other_undo()
    async def sell(self, purchase: Purchase, parcel: Parcel | None) -> None: ...


def participant(seen: list[str]) -> Participant:
    two_ways = Participant(TwoWays, barrier=False)

    @two_ways.on(TwoWays.buy)
    async def buy(purchase: Purchase) -> Parcel:
        return Parcel(purchase.article)

    @two_ways.on(TwoWays.give_back)
    async def give_back(purchase: Purchase, parcel: Parcel | None) -> None:
        seen.append(f"{purchase.article} is brought back")

    @two_ways.on(TwoWays.sell)
    async def sell(purchase: Purchase, parcel: Parcel | None) -> None:
        seen.append(f"{purchase.article} is sold as {parcel.number if parcel else None}")

    return two_ways


def chosen(name: str | None) -> CommandMessage:
    message = msgspec.structs.replace(undo(1), undo=name)
    return CommandMessage.read(message.headers(), message.value)


def test_the_message_says_which() -> None:
    """By name, and nothing where it is the declared one."""
    arrivals = Arrivals(participant([]), REPLIES)
    handlers: list[str] = []
    for name in (None, "sell"):
        message = chosen(name)
        assert message.undo == name
        assert ("ce_undo" in dict(message.headers())) is (name is not None)
        call = arrivals.read(message.headers(), message.value)
        assert isinstance(call, Call)
        assert call.forward_id == "order:7:1"
        handlers.append(call.handler.function.__name__)
    assert handlers == ["give_back", "sell"]


def test_an_undo_that_is_not_known_may_be_on_its_way() -> None:
    """As an unknown command is: it is tried again, and nothing is undone otherwise than was asked."""
    message = chosen("burn")
    found = Arrivals(participant([]), REPLIES).read(message.headers(), message.value)
    assert isinstance(found, SetAside)
    assert found.reason == "There is no undo burn of 'shop.buy' in this contract."
    assert found.answer is not None
    assert (found.answer.problem.type, found.answer.problem.retryable) == ("unknown_command", True)


async def test_the_kit_undoes_by_either() -> None:
    """A participant's test names the undo."""
    seen: list[str] = []
    kit: ParticipantTest[None] = ParticipantTest(participant(seen))
    await kit.call(TwoWays.buy, Purchase("a"))
    await kit.undo(TwoWays.sell)
    await kit.call(TwoWays.buy, Purchase("b"))
    await kit.undo(TwoWays.give_back)
    assert seen == ["a is sold as a", "b is brought back"]
    assert all(isinstance(each.answer, Success) for each in kit.exchanges)


def test_the_schemas_name_the_others() -> None:
    """Only of commands that have any."""
    schemas = participant_bundle(TwoWays)["$defs"]
    assert schemas["buy.undo.headers"]["properties"]["ce_undo"]["enum"] == ["sell"]
    assert "ce_undo" not in schemas["buy.headers"]["properties"]
    assert forward(1).undo is None
