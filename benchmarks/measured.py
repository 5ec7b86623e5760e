"""What a run came to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Latencies:
    """Seconds from the moment a saga was to start until its end was known."""

    seconds: list[float]

    def percentile_ms(self, percent: float) -> float:
        """In milliseconds; the smallest value that ``percent`` of all do not exceed."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One scenario."""

    name: str
    sagas: int
    seconds: float
    latencies: Latencies
    cpu_us: dict[str, float]
    """Microseconds of CPU a saga, by part of the system."""

    @property
    def rate(self) -> float:
        """Sagas a second."""
        return self.sagas / self.seconds
