"""What was done in a run, what came of it, and how long it took to go on."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from contracts.failpoints import FAILPOINTS

KILLED = "kill at a failpoint"
"""The kind of fault that all failpoints are together."""


@dataclass(slots=True)
class Recovery:
    """Seconds from a fault to the first progress of what was under way then, and until all of that had ended."""

    kind: str
    first_s: float | None = None
    all_s: float | None = None


@dataclass(slots=True)
class Record:
    """One run."""

    seed: int
    began: float = field(default_factory=time.monotonic)
    killed: Counter[str] = field(default_factory=Counter[str])
    """By failpoint."""
    fired: Counter[str] = field(default_factory=Counter[str])
    """By kind of fault."""
    sagas: Counter[str] = field(default_factory=Counter[str])
    """By status, when all was quiet."""
    turned: int = 0
    """Sagas that ended otherwise than without faults, as they may: a step ran out of attempts in an outage."""
    acknowledged: int = 0
    cancelled: int = 0
    """Asked to cancel while they were under way, or after."""
    rounds: int = 0
    recoveries: list[Recovery] = field(default_factory=list[Recovery])
    objections: list[str] = field(default_factory=list[str])
    """What is not as it should be: any of these, and the run has failed."""
    deaths: list[str] = field(default_factory=list[str])
    """Processes that ended by themselves."""
    notes: list[str] = field(default_factory=list[str])
    """What could not be done here, and why."""
    timeline: list[str] = field(default_factory=list[str])

    def say(self, what: str) -> None:
        """Prints it, with the time, and keeps it for the evidence."""
        line = f"{time.monotonic() - self.began:7.1f} s  {what}"
        self.timeline.append(line)
        print(line, flush=True)

    def oppose(self, sentences: Iterable[str]) -> None:
        """Something is wrong."""
        for sentence in sentences:
            self.objections.append(sentence)
            self.say(f"OBJECTION {sentence}")

    def count(self, rule: str, words: str = "") -> int:
        """How many objections the rule has, those with these words."""
        return sum(each.startswith(f"{rule}:") and words in each for each in self.objections)

    @property
    def lost(self) -> int:
        """Sagas that were acknowledged and are not there, or are stuck."""
        return self.count("O8") + self.count("O1")

    @property
    def doubled(self) -> int:
        """Effects that were done more than once."""
        return self.count("O2")

    @property
    def orphans(self) -> int:
        """Effects that belong to no saga or do not fit its end, and commands that stay in the outbox."""
        return self.count("O3") + self.count("O5")

    def summary(self) -> dict[str, object]:
        """In one object."""
        return {
            "seed": self.seed,
            "seconds": round(time.monotonic() - self.began),
            "rounds": self.rounds,
            "kills": dict(sorted(self.killed.items())),
            "fired": dict(sorted(self.fired.items())),
            "sagas": {"started": sum(self.sagas.values()), "acknowledged": self.acknowledged, "cancels": self.cancelled}
            | self.sagas,
            "turned_back_by_faults": self.turned,
            "lost": self.lost,
            "doubled": self.doubled,
            "orphans": self.orphans,
            "objections": len(self.objections),
            "deaths": len(self.deaths),
            "recovery_s": {kind: _spread(found) for kind, found in self._by_kind().items()},
            "notes": self.notes,
        }

    def table(self) -> str:
        """For people, with the same in one line of JSON at the end."""
        kills = [f"  {self.killed[name]:6}  {name}" for name in sorted(FAILPOINTS)]
        recoveries = self._by_kind()
        fired = [
            f"  {self.fired[kind] or self.killed.total():6}  {kind:32} {_shown(recoveries.get(kind, ()))}".rstrip()
            for kind in sorted(self.fired | Counter({KILLED: self.killed.total()}))
        ]
        sagas = [f"  {count:6}  {status}" for status, count in sorted(self.sagas.items())]
        wrong = [f"  {self.lost:6}  lost", f"  {self.doubled:6}  doubled", f"  {self.orphans:6}  orphans"]
        return "\n".join(
            [
                "",
                f"Kills by failpoint: {sum(self.killed.values())}",
                *kills,
                f"Faults by kind: {sum(self.fired.values())}   (seconds to the first progress p50/max; to the end of "
                "all that was under way p50/max)",
                *fired,
                f"Sagas: {sum(self.sagas.values())}; {self.acknowledged} acknowledged, {self.cancelled} cancels, "
                f"{self.turned} turned by faults",
                *sagas,
                f"Wrong: {len(self.objections)} objections",
                *wrong,
                *(f"  {each}" for each in self.objections[:20]),
                *(f"Ended by itself: {each}" for each in self.deaths),
                *(f"Not done: {each}" for each in self.notes),
                json.dumps(self.summary()),
            ]
        )

    def _by_kind(self) -> dict[str, list[Recovery]]:
        by_kind: dict[str, list[Recovery]] = {}
        for each in self.recoveries:
            by_kind.setdefault(each.kind, []).append(each)
        return by_kind


def _spread(found: Sequence[Recovery]) -> dict[str, float]:
    first = [each.first_s for each in found if each.first_s is not None]
    every = [each.all_s for each in found if each.all_s is not None]
    spread: dict[str, float] = {}
    for name, seconds in (("first", first), ("all", every)):
        if seconds:
            spread |= {f"{name}_p50": round(median(seconds), 2), f"{name}_max": round(max(seconds), 2)}
    return spread


def _shown(found: Sequence[Recovery]) -> str:
    spread = _spread(found)
    first = f"{spread['first_p50']:6.2f} {spread['first_max']:6.2f}" if "first_p50" in spread else ""
    every = f"{spread['all_p50']:8.2f} {spread['all_max']:6.2f}" if "all_p50" in spread else ""
    return f"{first} {every}".strip()
