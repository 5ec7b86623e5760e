"""What is wanted, beside what was measured. Ratios are of one run: a slow machine slows both sides."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.bench import Bench


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure and its bound."""

    what: str
    measured: float
    bound: float
    unit: str
    at_least: bool = False

    @property
    def reached(self) -> bool:
        """Whether it is where it should be."""
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


def goals(bench: Bench) -> Iterator[Goal]:
    """For two cores with everything on them."""
    quick, keeping = bench.quick, bench.keeping
    yield Goal("sagas a second, participants that answer at once", quick.most.rate, 2_000, "/s", at_least=True)
    yield Goal("… with barrier and a row each", keeping.most.rate, 1_000, "/s", at_least=True)
    yield Goal("… refused at step 3, of that rate", quick.refused.rate / quick.most.rate, 0.6, "×", at_least=True)
    yield Goal("… the same with barrier", keeping.refused.rate / keeping.most.rate, 0.6, "×", at_least=True)
    yield Goal("coordinator, CPU a saga", quick.most.cpu_us["coordinator"], 300, "µs")
    yield Goal("participants, CPU a command", quick.most.cpu_us["participants"] / 3, 60, "µs")
    for percent, bound in ((50, 1.5), (99, 2.0)):
        ratio = quick.single.latencies.percentile_ms(percent) / bench.floors.chain.percentile_ms(percent)
        yield Goal(f"one at a time, p{percent} of the chain's", ratio, bound, "×")
    if quick.half is not None:
        yield Goal("p99 at half of the most", quick.half.latencies.percentile_ms(99), 100, "ms")
    if quick.fifty is not None:
        yield Goal("p50 with 50 in flight", quick.fifty.latencies.percentile_ms(50), 40, "ms")
