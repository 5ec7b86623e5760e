"""What a run came to."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Latencies:
    """Seconds from the moment a saga was to start until its end was known."""

    seconds: list[float]

    def percentile_ms(self, percent: float) -> float:
        """In milliseconds; the smallest value that ``percent`` of all do not exceed. NaN of none."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1_000 if ordered else float("nan")


@dataclass(frozen=True, slots=True)
class Measured:
    """One scenario."""

    name: str
    sagas: int
    seconds: float
    latencies: Latencies
    cpu_us: dict[str, float] = field(default_factory=dict[str, float])
    """Microseconds of CPU a saga, by part of the system."""
    wrote: dict[str, float] = field(default_factory=dict[str, float])
    """Bytes a saga: ``wal`` of Postgres, ``kafka`` in the logs of its topics."""

    @property
    def rate(self) -> float:
        """Sagas a second."""
        return self.sagas / self.seconds


def together(rounds: Sequence[Measured]) -> Measured:
    """Several rounds of one scenario as one, each counting for as many sagas as it had."""
    sagas = sum(each.sagas for each in rounds)

    def mean(values: Sequence[dict[str, float]]) -> dict[str, float]:
        keys = {key: None for each in values for key in each}
        weighed = [(each.sagas, found) for each, found in zip(rounds, values, strict=True)]
        return {key: sum(count * found.get(key, 0.0) for count, found in weighed) / sagas for key in keys}

    return Measured(
        rounds[0].name,
        sagas,
        sum(each.seconds for each in rounds),
        Latencies([seconds for each in rounds for seconds in each.latencies.seconds]),
        mean([each.cpu_us for each in rounds]),
        mean([each.wrote for each in rounds]),
    )
