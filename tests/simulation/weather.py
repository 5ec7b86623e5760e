"""Which faults there are in this world, how often, and how often each came."""

from collections import Counter
from collections.abc import Mapping
from random import Random


class Weather:
    """Rates by kind of fault. A seed switches a part of them on; healing switches all off."""

    def __init__(self, random: Random, rates: Mapping[str, float]) -> None:
        self._draw = random.random
        self._random = random
        self.rates = dict(rates)
        """For what strikes single calls and messages: the share of them. For what comes by itself: times a second."""
        self.came: Counter[str] = Counter()
        """How often each kind did come."""

    def strikes(self, kind: str) -> bool:
        """Whether it hits this one."""
        if not self.tempts(kind):
            return False
        self.came[kind] += 1
        return True

    def tempts(self, kind: str) -> bool:
        """Whether somebody tries it here; who does counts it when it comes about."""
        rate = self.rates.get(kind)
        return bool(rate) and self._draw() < rate

    def hop_s(self) -> float:
        """How long a message is under way between two processes, in seconds."""
        return 0.0002 + 0.002 * self._draw()

    def seconds(self, least: float, most: float) -> float:
        """Any time in between."""
        return least + (most - least) * self._draw()

    def heal(self) -> None:
        """From here on all goes well."""
        self.rates.clear()
