"""Contracts with bodies: found fit at import, and told apart from participants."""

import pytest

from contracts import Contract, command
from coordinator.saga import Definitions, saga
from participants.sdk import Participant
from tests.sagas import SagaDriver, Shop


class Rates(Contract, name="rates", local=True):
    """What money is worth."""

    @command()
    async def look(self, currency: str) -> int:
        """Cents."""
        return len(currency)

    @look.undo()
    async def _(self, currency: str, cents: int | None) -> None:
        print(currency)

    @command(nothing_to_undo=True)
    async def guess(self, currency: str) -> int:
        """Cents."""
        return 1


class Quiet(Contract, name="quiet", local=True):
    """Its undos may all be called alike."""

    @command()
    async def one(self) -> int:
        return 1

    @one.undo()
    async def _(self, result: int | None) -> None:
        print(result)

    @command()
    async def two(self) -> int:
        return 2

    @two.undo()
    async def _(self, result: int | None) -> None:
        print(result)


@saga(version=1)
async def exchange(rates: Rates, shop: Shop) -> int:
    """A local step and a participant's."""
    cents = await rates.look("EUR")
    await shop.look("a")
    return cents


@pytest.mark.parametrize("body", ["...", "pass", "return None", '"""Only said."""'])
def test_a_body_that_does_nothing_is_forgotten(body: str) -> None:
    """At import, with what to do."""
    code = f"class Empty(Contract, name='empty', local=True):\n @command()\n async def do(self) -> None:\n  {body}\n"
    with pytest.raises(TypeError, match=r"Empty.do has no body.*leave local=True out"):
        exec(code, {"Contract": Contract, "command": command})


def test_an_undo_needs_a_body_too() -> None:
    """It would be taken for done."""
    with pytest.raises(TypeError, match=r"Half\.forget has no body"):

        class Half(Contract, name="half", local=True):  # pyright: ignore[reportUnusedClass]
            @command()
            async def do(self) -> int:
                return 1

            @do.undo()
            async def forget(self, result: int | None) -> None: ...


def test_undos_may_have_the_same_name() -> None:
    """Each belongs to its command."""
    assert [each.undo_with is not None for each in Quiet.commands.values()] == [True, True]
    assert Quiet.one.undo_with is not Quiet.two.undo_with
    assert [each.undo_with.result_name for each in Quiet.commands.values() if each.undo_with] == ["result"] * 2


def test_no_participant_answers_for_it() -> None:
    """The coordinator does."""
    with pytest.raises(TypeError, match="Rates is local: the coordinator runs its commands"):
        Participant(Rates)


def test_it_has_no_topic() -> None:
    """Topics are made for participants only."""
    definitions = Definitions([exchange])
    assert definitions.participants() == ["shop"]
    assert definitions.has_local
    assert definitions.body("exchange", 1, "rates.look") is Rates.look
    assert definitions.body("exchange", 1, "shop.look") is None


def test_what_was_done_here_is_undone_here() -> None:
    """The history says so, whatever the contract is by then."""

    class Served(Contract, name="rates"):
        """A participant has taken over."""

        @command()
        async def look(self, currency: str) -> int: ...  # pyright: ignore[reportReturnType]

        @look.undo()
        async def unlook(self, currency: str, cents: int | None) -> None: ...

    @saga(version=1, name="exchange")
    async def served(rates: Served, shop: Shop) -> int:
        cents = await rates.look("EUR")
        await shop.look("a")
        return cents

    driver = SagaDriver(exchange).start().succeeds("rates.look", 3).deploys(served).refuses("shop.look")
    driver.is_("compensating")
    assert driver.machine.state.steps[1].local
    assert driver.send("undo rates.look").local


def test_a_local_step_is_a_step_like_any_other() -> None:
    """The code cannot tell, nor can a replay: another release may have it done by a participant."""
    driver = SagaDriver(exchange).start().succeeds("rates.look", 3).restarts().succeeds("shop.look", 1)
    assert driver.is_("completed").result == 3
