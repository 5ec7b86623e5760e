"""A command with two undos: the message says which one its call has chosen."""

from collections.abc import Callable

import msgspec
import pytest

from contracts import Contract, command
from contracts.answers import Success
from contracts.command_message import CommandMessage
from contracts.schemas import participant_bundle
from participants.sdk import Participant
from participants.sdk.arrivals import Arrivals, Call, SetAside
from participants.sdk.testing import ParticipantTest, Unproved
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


class Shelf:
    """A participant that sees to it by itself that twice is once; ``sell`` and ``forgets`` are its bugs."""

    def __init__(self, sell: Callable[["Shelf"], None] | None = None, *, forgets: bool = False) -> None:
        self.bought = self.sold = 0
        self.undone = False
        self.participant = Participant(TwoWays, barrier=False)

        @self.participant.on(TwoWays.buy)
        async def buy(purchase: Purchase) -> Parcel:
            if not self.undone:
                self.bought = 1
            return Parcel(purchase.article)

        @self.participant.on(TwoWays.give_back)
        async def give_back(purchase: Purchase, parcel: Parcel | None) -> None:
            self.undone, self.bought = True, 0

        @self.participant.on(TwoWays.sell)
        async def sells(purchase: Purchase, parcel: Parcel | None) -> None:
            self.undone = not forgets
            if sell is not None:
                sell(self)
            elif self.bought:
                self.bought, self.sold = 0, self.sold + 1

    def test(self) -> ParticipantTest[tuple[int, int]]:
        """Each order begins with an empty shelf."""

        async def effects() -> tuple[int, int]:
            return self.bought, self.sold

        async def given() -> None:
            self.bought, self.sold, self.undone = 0, 0, False

        return ParticipantTest(self.participant, effects=effects, given=given)


async def test_each_undo_is_proved() -> None:
    """In the same orders, and by what it shows itself."""
    proof = await Shelf().test().prove(TwoWays.buy, Purchase("a"))
    assert (proof.before, proof.done, proof.undone, proof.undone_by) == ((0, 0), (1, 0), (0, 0), {"sell": (0, 1)})
    back = [order for order in proof.orders if "undo" in order]
    other = [order for order in back if order.endswith(" (by sell)")]
    declared = [order for order in back if order not in other]
    assert [f"{order} (by sell)" for order in declared] == other
    assert "the undo first, then the command" in declared


async def test_bugs_of_another_undo_are_found() -> None:
    """Sold twice; bought when it was sold already; or nothing done. The declared undo is right in all of them."""

    def twice(shelf: Shelf) -> None:
        shelf.bought, shelf.sold = 0, shelf.sold + 1

    def nothing(shelf: Shelf) -> None:
        pass

    def breaks(shelf: Shelf) -> None:
        raise ZeroDivisionError

    for shelf, message in (
        (Shelf(twice), r"(?s)its undo twice \(by sell\)\n.*found    \(0, 2\).*undo of shop.buy by sell → succeeded"),
        (Shelf(forgets=True), r"(?s)the undo first, then the command \(by sell\)\n.*found    \(1, 0\)"),
        (Shelf(nothing), r"The undo of shop\.buy by sell changes nothing that effects"),
        (Shelf(breaks), r"The undo of shop\.buy by sell failed"),
    ):
        with pytest.raises(Unproved, match=message) as caught:
            await shelf.test().prove(TwoWays.buy, Purchase("a"))
        assert "its undo twice\n" not in str(caught.value)


def test_the_schemas_name_the_others() -> None:
    """Only of commands that have any."""
    schemas = participant_bundle(TwoWays)["$defs"]
    assert schemas["buy.undo.headers"]["properties"]["ce_undo"]["enum"] == ["sell"]
    assert "ce_undo" not in schemas["buy.headers"]["properties"]
    assert forward(1).undo is None
