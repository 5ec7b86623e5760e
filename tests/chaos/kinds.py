"""What a kind of fault is, and what it has to work on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from tests.chaos.disks import Disk
from tests.chaos.member import Member
from tests.chaos.reaper import Reaper
from tests.chaos.town import Town


class Scene:
    """The deployment, at the time of one fault."""

    def __init__(self, kind: str, town: Town, reaper: Reaper, random: Random, disks: dict[str, Disk]) -> None:
        self.kind, self.town, self.random, self.disks = kind, town, random, disks
        """``disks`` by server; those that can be filled."""
        self._reaper = reaper

    def struck(self) -> None:
        """The harm is done: from now on, it is measured how long it takes to go on."""
        self._reaper.measure(self.kind)

    def killed_at(self, failpoint: str) -> None:
        """Some process, which is none of the deployment."""
        self._reaper.count(failpoint)

    def one_of(self, members: list[Member]) -> Member:
        """Any of those that are ready, if there are any."""
        return self.random.choice([each for each in members if each.up] or members)


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that can be done to the deployment."""

    name: str
    group: str
    """What it is done to: of each group there is one fault at a time."""
    do: Callable[[Scene], Awaitable[bool]]
    """Does it, and makes it good again. Returns whether it has struck."""
