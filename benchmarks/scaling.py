"""What a rate needs, computed from the costs of one saga: ``make bench | python -m benchmarks.scaling``.

Prints the tables of docs/scaling.md. Everything is proportional to the rate but what is said beside it.
"""

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

RATES = (10_000, 100_000, 1_000_000)
BUSY = 0.6
"""Of a core or a process, so that a burst or a lost neighbour finds room."""
REPLICAS = 3
WAL_MB_OF_A_SERVER = 200.0
"""A second, written and sent to a standby without trouble."""
BROKER_MB = 100.0
"""A second, taken in from producers and other brokers."""
PARTITION_MB = 2.0
"""A second; far below what one can do, so that a consumer that was away catches up."""


class Costs(msgspec.Struct):
    """Of one saga of three steps, as the benchmark's last line has them; more fields are ignored."""

    coordinator_cpu_us_per_saga: float
    participants_cpu_us_per_saga: float
    participants_cpu_us_per_saga_with_barrier: float
    postgres_cpu_us_per_saga: float
    kafka_cpu_us_per_saga: float
    wal_bytes_per_saga: float
    kafka_bytes_per_saga: float
    kept_bytes_per_saga: float


@dataclass(frozen=True, slots=True)
class Need:
    """One line: what, and the figure for each rate."""

    what: str
    figures: tuple[str, ...]


def needs(costs: Costs) -> Iterator[Need]:
    """For each of ``RATES``."""

    def need(what: str, of: float, unit: str = "", digits: int = 0) -> Need:
        return Need(what, tuple(f"{_rounded(rate * of, digits)}{unit}" for rate in RATES))

    def processes(us: float) -> float:
        return us / 1e6 / BUSY

    def whole(what: str, of: float, least: int = 1) -> Need:
        return Need(what, tuple(f"{max(least, math.ceil(rate * of)):,}" for rate in RATES))

    wal, kafka = costs.wal_bytes_per_saga / 1e6, costs.kafka_bytes_per_saga / 1e6
    coordinators = processes(costs.coordinator_cpu_us_per_saga)
    yield whole("coordinators, a process and a core each", coordinators)
    yield whole("processes of each of three participants", processes(costs.participants_cpu_us_per_saga) / 3)
    yield whole("… with a barrier", processes(costs.participants_cpu_us_per_saga_with_barrier) / 3)
    yield whole("cores of the coordinators' Postgres", processes(costs.postgres_cpu_us_per_saga))
    yield need("its WAL", wal, " MB/s")
    yield whole(f"Postgres servers at {WAL_MB_OF_A_SERVER:.0f} MB/s of WAL", wal / WAL_MB_OF_A_SERVER)
    yield need("what it keeps, a day", costs.kept_bytes_per_saga * 86_400 / 1e12, " TB", 1)
    yield need("Kafka, written by producers", kafka, " MB/s")
    yield need(f"… on all disks, {REPLICAS} replicas", kafka * REPLICAS, " MB/s")
    yield whole(f"brokers at {BROKER_MB:.0f} MB/s", kafka * REPLICAS / BROKER_MB, REPLICAS)
    yield whole("cores of all brokers", processes(costs.kafka_cpu_us_per_saga) * (1 + (REPLICAS - 1) / 2))
    yield whole(
        "partitions of the replies, two a coordinator at least", max(2 * coordinators, kafka / 2 / PARTITION_MB)
    )


def _rounded(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}"


def page(costs: Costs) -> str:
    """As Markdown."""
    head = "| sagas a second | " + " | ".join(f"{rate:,}" for rate in RATES) + " |"
    rule = "|---|" + "---:|" * len(RATES)
    rows = [f"| {need.what} | " + " | ".join(need.figures) + " |" for need in needs(costs)]
    return "\n".join([head, rule, *rows])


if __name__ == "__main__":
    line = sys.stdin.read().strip().splitlines()[-1]
    sys.stdout.write(page(msgspec.json.decode(line, type=Costs)) + "\n")
