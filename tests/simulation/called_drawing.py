"""Random calls of sagas by sagas."""

from random import Random
from typing import Any, Protocol

from tests.simulation.program import Program


class Steps(Protocol):
    """Where their programs come from."""

    def asked(self) -> list[Any]:
        """One statement that waits for no signal, and may itself be a call."""
        ...

    def pivot(self) -> list[Any]:
        """A point of no return."""
        ...


class CalledSagas:
    """What they do is short, and waits for no signal: nobody outside knows of them."""

    def __init__(self, random: Random, steps: Steps) -> None:
        self._random, self._steps = random, steps

    def one(self) -> list[Any]:
        """A child that can be undone, as a rule; or one that goes its own way."""
        random = self._random
        program = self._program()
        if random.random() < 0.2:
            return ["detach", program, *self._key()]
        if random.random() < 0.03:
            program.append(self._steps.pivot())  # its author's mistake: nothing undoes it
        return ["child", "compensatable", program, *self._key()]

    def many(self) -> list[Any]:
        """Several at once; in a part that is undone, or not."""
        children: Program = [["child", "compensatable", self._program()] for _ in range(self._random.randint(2, 3))]
        together = ["gather", [[each] for each in children]]
        match self._random.choice(("open", "retreat", "trial")):
            case "open":
                return together
            case what:
                undone = [together, ["refuse"]] if what == "retreat" and self._random.random() < 0.5 else [together]
                return [what, self._random.random() < 0.3, undone, [["look", {}]]]

    def pivot(self) -> list[Any]:
        """One with a point of no return of its own."""
        return ["child", "pivot", [*self._program(), self._steps.pivot()]]

    def behind(self) -> list[Any]:
        """One behind the caller's point of no return."""
        return ["child", "retriable", self.sure()]

    def sure(self) -> Program:
        """What goes through."""
        return [["post", {"amount": 1}], ["sleep", 0.05]]

    def _program(self) -> Program:
        program: Program = [self._steps.asked() for _ in range(self._random.choice((0, 1, 1, 2)))]
        draw = self._random.random()
        if draw < 0.1:
            return [["retreat", False, [*program, ["refuse"]], [["look", {}]]]]
        if draw < 0.2:
            return [["look", {}], *program, ["again", [["look", {}], self._steps.asked()]]]
        return program

    def _key(self) -> list[str]:
        """One of those that others choose as well, now and then: then somebody is refused."""
        return [f"shared-{self._random.randint(1, 3)}"] if self._random.random() < 0.2 else []
