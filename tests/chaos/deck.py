"""Which faults come when: each kind comes once before any comes again, so that none is left out."""

from collections.abc import Sequence
from random import Random

from tests.chaos.kinds import Kind


class Deck:
    """All kinds in an order that the seed gives, and again in another one."""

    def __init__(self, kinds: Sequence[Kind], random: Random) -> None:
        self._kinds, self._random = kinds, random
        self._left: list[Kind] = []
        self.whole = False
        """Every kind was drawn at least once."""

    def draw(self, count: int) -> list[Kind]:
        """The next ones, no two of them the same."""
        drawn: list[Kind] = []
        while len(drawn) < min(count, len(self._kinds)):
            if not self._left:
                self._left = self._random.sample(self._kinds, len(self._kinds))
            place = next((place for place, kind in enumerate(self._left) if kind not in drawn), None)
            if place is None:
                break
            drawn.append(self._left.pop(place))
            self.whole = self.whole or not self._left
        return drawn

    def put_back(self, kinds: Sequence[Kind]) -> None:
        """They did not strike: they come again soon."""
        self._left[:0] = [kind for kind in kinds if kind not in self._left]
