"""Two coordinators on one database and one set of topics: no slower in total, nothing done twice, no long hand-over."""

import asyncio
import itertools
import re
import sys
from collections.abc import Awaitable
from dataclasses import dataclass
from time import perf_counter

import uvloop
from rich.console import Console

from benchmarks.connections import Connections
from benchmarks.goals import Goal
from benchmarks.load import Client, SagaWentWrong, closed_loop
from benchmarks.measured import Measured, together
from benchmarks.oracle import OracleFailed
from benchmarks.outset import allow_many_connections, progress_console
from benchmarks.report import goal_table, scenario_table
from benchmarks.scenarios import Scenarios
from benchmarks.stacks import KEEPING, layout, loaded_stack
from coordinator.cli.processes import Part
from coordinator.cli.stack import Stack

ROUNDS = 2
SECONDS = 5.0
HAND_OVER_S = 8.0
HAND_OVER_IN_FLIGHT = 300
IN_FLIGHT = 1_000
"""As many as serve one coordinator best."""
_SECOND_NUMBERS = 1_000_000_000
"""From here on the second coordinator's clients number their sagas, so that none is started twice."""
_FENCED = re.compile(rb"^amends_fenced_total (\S+)", re.MULTILINE)


@dataclass(slots=True)
class Two:
    """What came of it."""

    one: Measured
    two: Measured
    joining_s: float
    """Longest time of a saga while the second coordinator joined under load."""
    leaving_s: float
    """The same while it left."""
    fenced: float
    """Decisions lost to the other coordinator, of all."""


def two_goals(two: Two) -> list[Goal]:
    """No slower in total, nothing decided twice but by chance, partitions handed over quickly."""
    return [
        Goal(
            "sagas a second of two coordinators, of the rate of one", two.two.rate / two.one.rate, 1, "×", at_least=True
        ),
        Goal("longest saga while the second joins", two.joining_s, 3, "s"),
        Goal("longest saga while it leaves", two.leaving_s, 3, "s"),
        Goal("decisions lost to the other", two.fenced * 100, 1, "%"),
    ]


async def two_coordinators(console: Console, in_flight: int) -> Two:
    """Participants keep what they do, so that the oracle would see work done twice. Raises OracleFailed."""
    async with loaded_stack(console, KEEPING) as (stack, scenarios):
        await scenarios.warm_up(4)
        console.print("… one coordinator and two, in turns")
        one: list[Measured] = []
        two: list[Measured] = []
        pauses: list[tuple[float, float]] = []
        second, numbers, fenced = _second(stack), itertools.count(_SECOND_NUMBERS), 0.0
        for _ in range(ROUNDS):
            one.append(await scenarios.closed("one coordinator", in_flight, SECONDS))
            try:
                joining = await _hand_over(scenarios, second.start())
                clients = (scenarios.client, Client(_url(await second.ready()), numbers))
                two.append(await _both(scenarios, second, clients, in_flight))
                fenced += await _fenced(clients[1].url)
                pauses.append((joining, await _hand_over(scenarios, second.stop())))
            finally:
                await second.stop()
        fenced += await _fenced(stack.url)
        decisions = 4 * sum(scenarios.ended.values())
        joining, leaving = (max(column) for column in zip(*pauses, strict=True))
        return Two(together(one), together(two), joining, leaving, fenced / decisions)


async def _both(scenarios: Scenarios, second: Part, clients: tuple[Client, Client], in_flight: int) -> Measured:
    async def both(_: Client) -> tuple[list[float], float]:
        begin = perf_counter()
        loops = await asyncio.gather(*(closed_loop(client, in_flight // 2, SECONDS) for client in clients))
        return [latency for latencies, _ in loops for latency in latencies], perf_counter() - begin

    scenarios.beside = [second]
    try:
        return await scenarios.measure("two coordinators", both)
    finally:
        scenarios.beside = []


async def _hand_over(scenarios: Scenarios, change: Awaitable[object]) -> float:
    """The longest that a saga took while the partitions changed hands."""
    loop = scenarios.closed("hand-over", HAND_OVER_IN_FLIGHT, HAND_OVER_S)
    measured, _ = await asyncio.gather(loop, change)
    return max(measured.latencies.seconds)


def _second(stack: Stack) -> Part:
    """Another coordinator of the same deployment."""
    environment = {
        "AMENDS_KAFKA_BOOTSTRAP": stack.servers.kafka.bootstrap,
        "AMENDS_TOPIC_PREFIX": stack.layout.prefix,
        "AMENDS_DATABASE_URL": stack.database_url,
        "AMENDS_HTTP_PORT": "0",
        **layout(KEEPING).settings,
    }
    return Part("coordinator-2", ("-m", "coordinator.cli", "serve"), environment, stack.root / "logs/coordinator-2.log")


def _url(ready: str) -> str:
    return ready.split()[-1]


async def _fenced(url: str) -> float:
    _, text = await Connections(url).request("GET", "/metrics")
    found = _FENCED.search(text)
    return float(found[1]) if found else 0.0


def main() -> int:
    """``python -m benchmarks.two``: the exit status."""
    console = progress_console()
    allow_many_connections()
    try:
        two = uvloop.run(two_coordinators(console, IN_FLIGHT))
    except (OracleFailed, SagaWentWrong) as error:
        console.print(f"✗ This run has no figures: {error}", highlight=False, markup=False)
        return 1
    console.print(scenario_table("participants with barrier and a row each", [two.one, two.two]))
    console.print(goal_table("two coordinators on one database", two_goals(two)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
