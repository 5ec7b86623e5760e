"""Random programs."""

from random import Random
from typing import Any

from tests.simulation.program import Program
from tests.simulation.statements import SIGNALS


class Programs:
    """Draws programs."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def draw(self) -> Program:
        """One program: from a single step to nested branches."""
        budget = self._random.choice((1, 2, 3, 3, 4, 5, 6, 8))
        program = self._body(budget, 0)
        if self._random.random() < 0.3:
            program += self._ending()
        return program

    def draw_favour(self) -> Program:
        """What a saga is asked for besides: it waits for no signal, which may be meant for the saga's own program."""
        steps = [self._asked() for _ in range(self._random.choice((0, 1, 1, 2)))]
        return [["gather", [[each] for each in steps]]] if len(steps) == 2 and self._random.random() < 0.4 else steps

    def _asked(self) -> list[Any]:
        draw = self._random.random()
        if draw < 0.15:
            return ["refuse"]
        if draw < 0.35:
            return ["sleep", self._random.choice((0, 0.05, 0.5, 2, 7))]
        return [self._random.choice(("take", "lend", "look", "hold", "note")), self._wish()]

    def _body(self, budget: int, depth: int) -> Program:
        body: Program = []
        while budget > 0:
            if depth < 2 and budget > 1 and self._random.random() < 0.35:
                used = self._random.randint(2, budget)
                body.append(self._around(used, depth))
                budget -= used
            else:
                body.append(self._leaf())
                budget -= 1
        return body

    def _leaf(self) -> list[Any]:
        draw = self._random.random()
        if draw < 0.12:
            return ["sleep", self._random.choice((0, 0.05, 0.5, 2, 7, 15))]
        if draw < 0.14:
            return ["refuse"]
        if draw < 0.15:
            return ["lose", {}]
        if draw < 0.25:
            return self._hear()
        if draw < 0.5:
            return [self._random.choice(("note", "note", "call", "ask")), self._talk(self._wish())]
        return [self._random.choice(("take", "take", "lend", "look", "hold", "hold")), self._wish()]

    def _hear(self) -> list[Any]:
        """A wait, often not for ever."""
        wait = ["hear", self._random.choice(SIGNALS)]
        return wait if self._random.random() < 0.7 else ["timeout", self._random.choice((0.05, 0.05, 1, 4)), [wait]]

    def _ending(self) -> Program:
        """A pivot, and what may follow it."""
        after: Program = [self._sure() for _ in range(self._random.randint(0, 2))]
        if self._random.random() < 0.15:
            after.append(["hear", self._random.choice(SIGNALS)])
        return [[self._random.choice(("pay", "pay", "launch")), self._wish()], *after]

    def _sure(self) -> list[Any]:
        """A step that cannot be refused; a local one has to end, or tell, within its time."""
        what, wish = self._random.choice(("post", "post", "file")), self._wish(sure=True)
        if what == "post":
            return [what, wish]
        wish = self._talk(wish)
        return [what, {**wish, "tell": True} if "slow" in wish else wish]

    def _talk(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Local steps take longer than others."""
        random = self._random
        if random.random() < 0.3:
            wish |= {"slow": random.choice((0.02, 0.5, 2.0, 2.0, 5.0)), "tell": random.random() < 0.4}
        return wish

    def _wish(self, sure: bool = False) -> dict[str, Any]:
        random = self._random
        wish: dict[str, Any] = {"amount": random.randint(1, 99)}
        draw = random.random()
        if draw < 0.06 and not sure:
            wish["refuse"] = True
        elif draw < 0.09 and not sure:
            wish["moody"] = True
        elif draw < 0.14:
            wish["fail"] = random.choice((1, 1, 2, 5))
        elif draw < 0.18:
            wish["spoil"] = random.choice((1, 2))
        elif draw < 0.19 and not sure:
            wish["hopeless"] = True
        elif draw < 0.22:
            wish["slow"] = random.choice((0.02, 0.5, 2.0, 5.0))
        if random.random() < 0.05:
            wish["undo_fail"] = random.choice((1, 2, 4))
        return wish

    def _around(self, budget: int, depth: int) -> list[Any]:
        random = self._random
        what = random.choice(
            (
                *(
                    "gather",
                    "gather",
                    "group",
                    "settle",
                    "first",
                    "leave",
                    "timeout",
                    "shield",
                    "try",
                    "finally",
                    "loop",
                ),
                *("scope", "retreat", "retreat", "trial"),
            )
        )
        match what:
            case "gather" | "group" | "settle" | "first":
                branches = random.randint(1, min(3, budget))
                return [what, [self._body(max(1, budget // branches), depth + 1) for _ in range(branches)]]
            case "timeout":
                return [what, random.choice((0.05, 1, 4, 10)), self._body(budget, depth + 1)]
            case "loop":
                return [what, random.randint(2, 3), self._body(max(1, budget // 2), depth + 1)]
            case "scope":
                return [what, random.random() < 0.3, self._body(budget, depth + 1)]
            case "retreat" | "trial":
                undone, instead = self._body(budget - 1, depth + 1), self._body(1, depth + 1)
                if what == "retreat" and random.random() < 0.5:
                    undone.append(["refuse"])
                return [what, random.random() < 0.3, undone, instead]
            case "try" | "finally":
                return [what, self._body(budget - 1, depth + 1), self._body(1, depth + 1)]
            case _:
                return [what, self._body(budget, depth + 1)]
