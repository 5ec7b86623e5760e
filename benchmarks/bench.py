"""``make bench``: the load, and the floors under it in the same run."""

from dataclasses import dataclass

from rich.console import Console

from benchmarks.batch_floor import batch_floor
from benchmarks.chain import chain, one_at_a_time
from benchmarks.measured import Latencies, Measured, together
from benchmarks.probe.turn import Came, probe
from benchmarks.row_floor import RowFloor, row_floor
from benchmarks.scenarios import Scenarios
from benchmarks.stacks import KEEPING, QUICK, floor_database, loaded_stack
from benchmarks.written import bytes_kept, commits
from coordinator.cli.stack import Stack

TRIES = (300, 1_000, 3_000)
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Floors:
    """What the machine allows."""

    chain: Latencies
    rows: RowFloor
    batches: float
    """Sagas a second."""
    probe: Came
    """With as many in flight as the most."""
    probe_fifty: Came
    """With 50."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one kind of participants came to."""

    in_flight: int
    most: Measured
    refused: Measured
    single: Measured
    fifty: Measured | None = None
    half: Measured | None = None
    kept_bytes: float = 0.0
    """Of a saga in the coordinator's tables and indexes."""
    commits: float = 0.0
    """Transactions of the coordinator's database, a saga, at the most."""

    @property
    def rows(self) -> list[Measured]:
        """All that was measured."""
        return [each for each in (self.most, self.refused, self.fifty, self.single, self.half) if each is not None]


@dataclass(frozen=True, slots=True)
class Bench:
    """All of a short run."""

    quick: Load
    floors: Floors
    keeping: Load


async def bench(console: Console) -> Bench:
    """Under three minutes. Raises OracleFailed, SagaWentWrong: then there are no figures."""
    quick, floors = await _quick(console)
    return Bench(quick, floors, await _keeping(console, quick.in_flight))


async def _quick(console: Console) -> tuple[Load, Floors]:
    async with loaded_stack(console, QUICK) as (stack, scenarios):
        await scenarios.warm_up(4)
        in_flight = await scenarios.best_in_flight(TRIES, 3)
        console.print(f"… {in_flight} in flight, {QUICK.what}")
        before, ended = await commits(stack), sum(scenarios.ended.values())
        most, refused = await most_and_refused(scenarios, in_flight, 5)
        per_saga = (await commits(stack) - before) / (sum(scenarios.ended.values()) - ended)
        fifty = await scenarios.closed("50 in flight", 50, 5)
        single, hops = await _single_and_chain(stack, scenarios)
        half = await scenarios.open("half of the most, constant rate", most.rate / 2, 8)
        console.print("… floors")
        floors = await _floors(stack, hops, in_flight)
        kept = await bytes_kept(stack)
        return Load(in_flight, most, refused, single, fifty, half, kept, per_saga), floors


async def _floors(stack: Stack, hops: Latencies, in_flight: int) -> Floors:
    rows = await row_floor(await floor_database(stack, "rows"), 5)
    batches = await batch_floor(await floor_database(stack, "batches"), 5)
    database_url = await floor_database(stack, "probe")
    async with probe(stack.servers.kafka.bootstrap, database_url, stack.root / "logs") as turn:
        return Floors(hops, rows, batches, await turn(in_flight, 4), await turn(50, 4))


async def _keeping(console: Console, in_flight: int) -> Load:
    async with loaded_stack(console, KEEPING) as (_, scenarios):
        await scenarios.warm_up(4)
        console.print(f"… {in_flight} in flight, {KEEPING.what}")
        most, refused = await most_and_refused(scenarios, in_flight, 4)
        return Load(in_flight, most, refused, await scenarios.closed("one at a time", 1, 4))


async def most_and_refused(scenarios: Scenarios, in_flight: int, seconds: float) -> tuple[Measured, Measured]:
    """In turns, so that a slow moment of the machine hits both."""
    most: list[Measured] = []
    refused: list[Measured] = []
    for _ in range(ROUNDS):
        most.append(await scenarios.closed(f"{in_flight} in flight", in_flight, seconds))
        refused.append(await scenarios.closed("refused at step 3, two undone", in_flight, seconds, refuse=True))
    return together(most), together(refused)


async def _single_and_chain(stack: Stack, scenarios: Scenarios) -> tuple[Measured, Latencies]:
    """In turns, as above."""
    single: list[Measured] = []
    hops: list[float] = []
    database_url = await floor_database(stack, "chain")
    async with chain(stack.servers.kafka.bootstrap, database_url, stack.root / "logs") as once:
        for _ in range(ROUNDS):
            single.append(await scenarios.closed("one at a time", 1, 3))
            hops += await one_at_a_time(once, 3)
    return together(single), Latencies(hops)
