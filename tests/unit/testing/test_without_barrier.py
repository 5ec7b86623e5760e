"""Handlers without a barrier prove by themselves that done twice is done once."""

import asyncio

import pytest

from contracts import Contract, command
from participants.sdk import Participant
from participants.sdk.testing import ParticipantTest, Unproved


class Lamp(Contract, name="lamp"):
    """Can be lit."""

    @command()
    async def light(self, name: str) -> str:
        """Lights it."""
        ...

    @light.undo()
    async def put_out(self, name: str, lit: str | None) -> None:
        """Puts it out."""


class House:
    """Lamps, and a participant that sees to them."""

    def __init__(self, *, counts: bool = False, forgets: bool = False, numbers: bool = False) -> None:
        self.lit: list[str] = []
        self.never: set[str] = set()
        self.calls = 0
        self.participant = Participant(Lamp, barrier=False)

        @self.participant.on(Lamp.light)
        async def light(name: str) -> str:
            await asyncio.sleep(0)
            self.calls += 1
            if name not in self.never and (counts or name not in self.lit):
                self.lit.append(name)
            return f"{self.calls}" if numbers else name

        @self.participant.on(Lamp.put_out)
        async def put_out(name: str, lit: str | None) -> None:
            if not forgets:
                self.never.add(name)
            self.lit.clear()

    def test(self) -> ParticipantTest[list[str]]:
        """Each order begins in the dark."""
        return ParticipantTest(self.participant, effects=self.burning, given=self.dark)

    async def burning(self) -> list[str]:
        """The lamps that are lit."""
        return self.lit

    async def dark(self) -> None:
        """As it was in the beginning."""
        self.lit.clear()
        self.never.clear()


async def test_handlers_that_are_their_own_barrier() -> None:
    """Twice is once, and what comes after its undo is not done."""
    proof = await House().test().prove(Lamp.light, "hall")
    assert (proof.before, proof.done, proof.undone) == ([], ["hall"], [])
    assert "the undo first, then the command" in proof.orders


async def test_a_handler_that_does_it_again() -> None:
    """The duplicate has an effect of its own."""
    with pytest.raises(Unproved, match=r"(?s)the command twice\n.*found    \['hall', 'hall'\]"):
        await House(counts=True).test().prove(Lamp.light, "hall")


async def test_a_handler_that_answers_something_else() -> None:
    """Whoever asks twice must hear the same."""
    with pytest.raises(Unproved, match="given different answers"):
        await House(numbers=True).test().prove(Lamp.light, "hall")


async def test_a_late_command() -> None:
    """The undo was there, and the command is carried out all the same: somebody has to remember."""
    with pytest.raises(Unproved, match=r"(?s)the undo first, then the command\n.*must not be carried out"):
        await House(forgets=True).test().prove(Lamp.light, "hall")


async def test_without_effects_nothing_can_be_proved() -> None:
    """The error says what to give."""
    with pytest.raises(TypeError, match=r"Give effects=…"):
        await ParticipantTest(House().participant).prove(Lamp.light, "hall")


async def test_a_call() -> None:
    """A handler is called as a command comes."""
    house = House().test()
    assert await house.call(Lamp.light, name="hall") == "hall"
    await house.undo(Lamp.put_out)
    assert await house.effects() == []
    assert [str(each) for each in house.exchanges] == [
        'lamp.light → succeeded "hall"',
        "undo of lamp.light → succeeded null",
    ]
