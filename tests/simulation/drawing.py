"""Random programs."""

from random import Random
from typing import Any

from tests.simulation.called_drawing import CalledSagas
from tests.simulation.patches import NEW_WAY, OLD_WAY, PATCHES
from tests.simulation.policies import FREES
from tests.simulation.program import Program
from tests.simulation.statements import SIGNALS

IN_WORLDS = 0.25
"""The share of worlds in which there is what came to be possible late; the others are as they always were."""
LATER = 0.2
"""The share of steps that are answered later, of those that can be."""
EXTENDED = 0.1
"""How often a saga asks for more time before it does anything else."""
PATCHED = 0.15
"""Likewise, how often it comes to a change of its code."""
_AROUND = (
    *("gather", "gather", "group", "settle", "first", "leave", "timeout", "shield", "try", "finally", "loop"),
    *("scope", "retreat", "retreat", "trial"),
)


class Programs:
    """Draws programs."""

    def __init__(self, random: Random, apart: Random) -> None:
        """``apart`` draws what came to be possible late: what the other one draws does not hang on it."""
        self._random, self._apart = random, apart
        self._later = LATER if apart.random() < IN_WORLDS else 0.0
        self._extended = EXTENDED if apart.random() < IN_WORLDS else 0.0
        self._patched = PATCHED if apart.random() < IN_WORLDS else 0.0
        self._called = CalledSagas(random, self)

    def draw(self, rounds: int = 3) -> Program:
        """One program: from a single step to nested branches, in so many rounds at most."""
        budget = self._random.choice((1, 2, 3, 3, 4, 5, 6, 8))
        program = self.body(budget, 0)
        if self._random.random() < 0.3:
            program += self._ending()
        if rounds > 1 and self._random.random() < 0.12:
            program = [["look", {}], *program, self._again(rounds - 1)]
        return program

    def draw_favour(self) -> Program:
        """What a saga is asked for besides: it waits for no signal, which may be meant for the saga's own program."""
        if self._apart.random() < self._extended:
            return [self._extend()]
        steps = [self.asked() for _ in range(self._random.choice((0, 1, 1, 2)))]
        return [["gather", [[each] for each in steps]]] if len(steps) == 2 and self._random.random() < 0.4 else steps

    def asked(self) -> list[Any]:
        """One statement that waits for no signal."""
        draw = self._random.random()
        if draw < 0.1:
            return ["refuse"]
        if draw < 0.25:
            return ["sleep", self._random.choice((0, 0.05, 0.5, 2, 7))]
        if draw < 0.3:
            return self._called.one()
        return self._step(("take", "lend", "look", "hold", "note", "walk"))

    def body(self, budget: int, depth: int) -> Program:
        """So many steps, or about that."""
        body: Program = []
        while budget > 0:
            if self._apart.random() < self._extended:
                body.append(self._extend())
            if self._apart.random() < self._patched:
                body.append(self._patch())
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
        if draw < 0.1:
            return ["sleep", self._random.choice((0, 0.05, 0.5, 2, 7, 15))]
        if draw < 0.12:
            return ["refuse"]
        if draw < 0.13:
            return ["lose", {}]
        if draw < 0.22:
            return self._hear()
        if draw < 0.27:
            return self._called.one()
        if draw < 0.3:
            return self._show()
        if draw < 0.52:
            return [self._random.choice(("note", "note", "call", "ask")), self._talk(self._wish())]
        if draw < 0.57:
            return self._owe()
        return self._step(("take", "take", "lend", "look", "hold", "hold", "walk"))

    def _owe(self) -> list[Any]:
        """An undo of its own, which is not refused: nobody would ever take that back."""
        if self._random.random() < 0.2:
            return ["owe", "saga", self._called.sure()]
        what = self._random.choice(("hold", "hold", "take", "post", "look", "note", "file"))
        wish = self._wish(sure=True)
        if what in ("note", "file"):
            wish = self._talk(wish)
            wish = {**wish, "tell": True} if "slow" in wish else wish
        elif what in ("hold", "take") and self._random.random() < 0.2:
            return ["owe", what, {**wish, "fail": 1}, {"attempts": 1, "end": self._random.choice((FREES, "undo"))}]
        return ["owe", what, wish]

    def _step(self, among: tuple[str, ...]) -> list[Any]:
        """One in eight has policies of its own."""
        what, wish = self._random.choice(among), self._wish()
        self._put_off(what, wish)
        if what == "look" or self._random.random() > 0.125:
            return [what, wish]
        own = self._own_policies(what)
        if own.get("undo") == "swap":
            wish["swapped"] = True
        if "end" in own:
            wish["fail"] = self._random.randint(1, 2)
        if "undo_end" in own:
            wish["undo_fail"] = self._random.randint(1, 2)
        return [what, wish, own]

    def _own_policies(self, what: str) -> dict[str, Any]:
        random = self._random
        own: dict[str, Any] = {}
        if random.random() < 0.3:
            own["timeout"] = random.choice(("1s", "6s"))
        if random.random() < 0.6:
            own |= {"attempts": random.choice((1, 1, 2)), "end": random.choice(("park", FREES, FREES, SIGNALS[0]))}
        if what == "take" and random.random() < 0.5:
            own["undo"] = random.choice(("swap", "swap", "none"))
        if own.get("undo") != "none" and random.random() < 0.4:
            own |= {"undo_attempts": 1, "undo_end": random.choice((FREES, SIGNALS[0], "undo"))}
        return own

    def _hear(self) -> list[Any]:
        """A wait, often not for ever."""
        wait = ["hear", self._random.choice(SIGNALS)]
        return wait if self._random.random() < 0.7 else ["timeout", self._random.choice((0.05, 0.05, 1, 4)), [wait]]

    def _extend(self) -> list[Any]:
        """More time for the saga, whether or not it needs it."""
        return ["extend", self._apart.choice(("1s", "1s", "11s"))]

    def _patch(self) -> list[Any]:
        """Mostly something is added; in any case the steps of the two ways tell which it is. Some come there again."""
        name, new = self._apart.choice(PATCHES), self._apart.choice(("look", "note", "take", "hold"))
        old = self._apart.choice(("", "", "look", "note", "take"))
        before: Program = [[old, {"amount": OLD_WAY[name]}]] if old else []
        patch = ["patch", name, [[new, {"amount": NEW_WAY[name]}]], before]
        return patch if self._apart.random() < 0.5 else ["loop", 3, [patch, ["sleep", self._apart.choice((2, 5))]]]

    def _show(self) -> list[Any]:
        """Says how it stands, and by what it is to be found."""
        line = self._random.choice((None, "waiting", "packing", "😀" * 201))
        return ["show", line, {"city": self._random.choice((None, "Oslo", "Rome", 7)), "open": True}]

    def _ending(self) -> Program:
        """A pivot, and what may follow it."""
        after: Program = [self._sure() for _ in range(self._random.randint(0, 2))]
        if self._apart.random() < 2 * self._extended:
            after += [["sleep", self._apart.choice((0.05, 70))], self._extend()]
        if self._random.random() < 0.15:
            after.append(["hear", self._random.choice(SIGNALS)])
        if self._random.random() < 0.1:
            after.append(self._called.behind())
        return [self._called.pivot() if self._random.random() < 0.15 else self.pivot(), *after]

    def pivot(self) -> list[Any]:
        """A point of no return."""
        what, wish = self._random.choice(("pay", "pay", "launch")), self._wish()
        self._put_off(what, wish)
        return [what, wish]

    def _put_off(self, what: str, wish: dict[str, Any]) -> None:
        """Some are answered later."""
        if what in ("take", "lend", "hold", "pay") and self._apart.random() < self._later:
            wish["later"] = self._apart.choice(("any", "any", "3s", "20s"))

    def _again(self, rounds: int) -> list[Any]:
        """Another round is asked for, mostly in the open."""
        again = ["again", self.draw(rounds)]
        match self._random.choice(("open", "open", "open", "scope", "try", "finally", "group")):
            case "scope":
                return ["scope", False, [*self.body(1, 2), again]]
            case "try":
                return ["try", [again], [["look", {}]]]
            case "finally":
                return ["finally", [again], self.body(1, 2)]
            case "group":
                return ["group", [[again]]]
            case _:
                return again

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
        if random.random() < 0.06:
            return self._called.many()
        what = random.choice(_AROUND)
        match what:
            case "gather" | "group" | "settle" | "first":
                branches = random.randint(1, min(3, budget))
                return [what, [self.body(max(1, budget // branches), depth + 1) for _ in range(branches)]]
            case "timeout":
                return [what, random.choice((0.05, 1, 4, 10)), self.body(budget, depth + 1)]
            case "loop":
                return [what, random.randint(2, 3), self.body(max(1, budget // 2), depth + 1)]
            case "scope":
                return [what, random.random() < 0.3, self.body(budget, depth + 1)]
            case "retreat" | "trial":
                undone, instead = self.body(budget - 1, depth + 1), self.body(1, depth + 1)
                if what == "retreat" and random.random() < 0.5:
                    undone.append(["refuse"])
                return [what, random.random() < 0.3, undone, instead]
            case "try" | "finally":
                return [what, self.body(budget - 1, depth + 1), self.body(1, depth + 1)]
            case _:
                return [what, self.body(budget, depth + 1)]
