"""Bounded instances of the model: the protocol as it is, and its twins with one mistake each."""

from dataclasses import dataclass

PROMISES = (
    "AtMostOnce",
    "CompletedIsDone",
    "CompensatedIsUndone",
    "UndoneInReverse",
    "HistoryIsWhole",
    "OnlyDecided",
    "NothingLost",
)
"""What holds in every state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One bounded model."""

    name: str
    plan: str = "Three"
    """The steps of each saga: an operator of Promises.tla."""
    sagas: int = 1
    attempts: int = 1
    may_fail: bool = False
    surprises: int = 1
    """Attempts that fail or time out, and cancels: in all of a run."""
    ends: bool = False
    """Whether it is checked, too, that every saga ends."""
    reduced: bool = True
    """Whether states that differ only in leftovers are taken for one (Reduced.tla)."""
    module: str = "Reduced"
    specification: str = "Spec"
    instead: tuple[tuple[str, str], ...] = ()
    """Operators, each with the one that takes its place."""
    promises: tuple[str, ...] = PROMISES

    def configuration(self) -> str:
        """For TLC."""
        sagas = [f"s{number + 1}" for number in range(self.sagas)]
        coordinators = ["c1", "c2"]
        lines = [
            f"SPECIFICATION {self.specification}",
            "CONSTANTS",
            *(f"  {each} = {each}" for each in [*sagas, *coordinators]),
            f"  Sagas = {{{', '.join(sagas)}}}",
            f"  Coordinators = {{{', '.join(coordinators)}}}",
            f"  Stages <- {self.plan}",
            f"  Attempts = {self.attempts}",
            f"  MayFail = {str(self.may_fail).upper()}",
            f"  Surprises = {self.surprises}",
            *(f"  {operator} <- {other}" for operator, other in self.instead),
            f"INVARIANTS {' '.join(self.promises)}",
        ]
        if self.ends:
            lines += ["INVARIANT GoesOn", "PROPERTY EveryStepHelps"]
        if self.ends and not self.reduced:
            lines += ["INVARIANT CanGoOn"]
        if self.reduced:
            lines += ["VIEW View"]
        return "\n".join(lines) + "\n"


SMALL = (
    Instance(name="one saga of two steps", plan="Two", ends=True),
    Instance(name="one saga of two steps at once", plan="TwoAtOnce", surprises=0, ends=True),
)
"""Run by `make test`."""

LARGE = (
    Instance(name="two sagas of three steps", sagas=2, surprises=1),
    Instance(name="one saga of three steps", surprises=3, ends=True),
)
"""Run by `make model`, with the small ones: three quarters of an hour."""

VAST = (
    Instance(name="one saga of three steps, the last two at once", plan="OneThenTwo", surprises=2, ends=True),
    Instance(name="one saga of three steps at once", plan="ThreeAtOnce", surprises=1, ends=True),
    Instance(name="one saga of three steps, tried twice", attempts=2, may_fail=True, surprises=2, ends=True),
    Instance(name="two sagas of two steps, tried twice", plan="Two", sagas=2, attempts=2, may_fail=True),
    Instance(name="one saga of two steps, nothing left out", plan="Two", ends=True, reduced=False),
)
"""Run by `python -m tests.model --all`, for whoever has a day."""
