"""``make bench-full``: the short run, then peers at the same work, two coordinators, and many sagas."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape

from benchmarks.bench import Bench, bench
from benchmarks.goals import Goal
from benchmarks.many import SCENARIOS
from benchmarks.measured import Measured
from benchmarks.peers import dbos_peer, restate_peer
from benchmarks.peers.turned import Peer, PeerFailed, Turn
from benchmarks.stacks import QUICK, loaded_stack
from benchmarks.two import Two, two_coordinators
from coordinator.cli.stack import Stack

ROUNDS = 3
SECONDS = 4.0
SINGLE_SECONDS = 2.0
WARM_UP_S = 3.0


@dataclass(slots=True)
class PeerRuns:
    """One side's turns."""

    name: str
    most: list[Measured] = field(default_factory=list[Measured])
    single: list[Measured] = field(default_factory=list[Measured])


@dataclass(frozen=True, slots=True)
class Full:
    """All of a long run."""

    bench: Bench
    peers: list[PeerRuns]
    """Ours first."""
    two: Two
    many: dict[str, list[Goal]]
    """By scenario."""


async def full(console: Console) -> Full:
    """Some twenty minutes. Raises OracleFailed, SagaWentWrong."""
    short = await bench(console)
    in_flight = short.quick.in_flight
    peers = await run_peers(console, in_flight)
    return Full(short, peers, await two_coordinators(console, in_flight), await _many(console))


async def run_peers(console: Console, in_flight: int) -> list[PeerRuns]:
    """All in turns, while the others are idle. A peer that cannot be had, or fails, is left out, with the reason."""
    async with loaded_stack(console, QUICK) as (stack, scenarios):
        await scenarios.warm_up(WARM_UP_S)

        async def ours(in_flight: int, seconds: float) -> Measured:
            return await scenarios.closed("Amends", in_flight, seconds)

        sides: list[tuple[PeerRuns, int, Turn]] = [(PeerRuns("Amends"), in_flight, ours)]
        try:
            async with AsyncExitStack() as running:
                for peer in _peers(stack):
                    try:
                        turn = await running.enter_async_context(peer.running)
                        await turn(peer.in_flight, WARM_UP_S)
                        sides.append((PeerRuns(peer.name), peer.in_flight, turn))
                    except (PeerFailed, OSError, TimeoutError) as error:
                        _without(console, peer.name, error)
                await _in_turns(console, sides)
        except PeerFailed as error:
            # Found at its end: which figures it spoiled cannot be told.
            _without(console, "peers", error)
            del sides[1:]
        return [runs for runs, _, _ in sides]


async def _in_turns(console: Console, sides: list[tuple[PeerRuns, int, Turn]]) -> None:
    for number in range(ROUNDS):
        for side in list(sides):
            runs, in_flight, turn = side
            try:
                runs.most.append(await turn(in_flight, SECONDS))
                runs.single.append(await turn(1, SINGLE_SECONDS))
            except (PeerFailed, OSError, TimeoutError) as error:
                _without(console, runs.name, error)
                sides.remove(side)
        rates = " · ".join(f"{runs.name.split()[0]} {runs.most[-1].rate:.0f}/s" for runs, _, _ in sides)
        console.print(f"  {number + 1}/{ROUNDS}: {rates}")


def _without(console: Console, name: str, error: Exception) -> None:
    console.print(f"[yellow]![/] without {name}: {escape(str(error) or repr(error))}", highlight=False)


def _peers(stack: Stack) -> list[Peer]:
    return [
        Peer(dbos_peer.NAME, dbos_peer.IN_FLIGHT, dbos_peer.dbos(stack)),
        Peer(restate_peer.NAME, restate_peer.IN_FLIGHT, restate_peer.restate(stack.root / "logs")),
    ]


async def _many(console: Console) -> dict[str, list[Goal]]:
    """By scenario."""
    found: dict[str, list[Goal]] = {}
    for name, scenario in SCENARIOS.items():
        console.print(f"… {name}")
        found[name] = await scenario(console)
    return found
