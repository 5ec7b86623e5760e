"""The two stacks that are loaded: participants that answer at once, and participants that keep what they do."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from rich.console import Console

import migrations
from benchmarks.log_files import make_log_files
from benchmarks.oracle import check_all
from benchmarks.scenarios import Scenarios
from coordinator.cli.stack import Layout, Stack
from coordinator.embedded.home import amends_home

NAMES = ("first", "second", "third")


@dataclass(frozen=True, slots=True)
class Kind:
    """What sort of participants."""

    module: str
    keeping: bool
    what: str


QUICK = Kind("benchmarks.participants", False, "participants that answer at once")
KEEPING = Kind("benchmarks.keeping_participants", True, "participants with barrier and a row each")


@asynccontextmanager
async def loaded_stack(console: Console, kind: Kind, root: str = "bench") -> AsyncGenerator[tuple[Stack, Scenarios]]:
    """A fresh stack and the loads for it. When they are done the oracle looks: raises OracleFailed."""
    async with fresh_stack(console, layout(kind), root) as stack:
        scenarios = Scenarios(stack)
        yield stack, scenarios
        await check_all(stack.database_url, stack.participant_urls, scenarios.ended)
        ended = " · ".join(f"{count} {status}" for status, count in scenarios.ended.items())
        console.print(f"✓ oracle: {ended}; nothing lost, nothing doubled, nothing left")


@asynccontextmanager
async def fresh_stack(console: Console, parts: Layout, root: str) -> AsyncGenerator[Stack]:
    """A stack without a past, whose Postgres does not have to make the files of its log under load."""

    def progress(line: str) -> None:
        console.print(f"✓ {line}", highlight=False)

    async with Stack(amends_home() / root, parts, progress=progress, fresh=True) as stack:
        await make_log_files(stack.database_url)
        yield stack


def layout(kind: Kind, settings: Mapping[str, str] | None = None) -> Layout:
    """Three participants of that kind, in a process each."""
    commands = {name: ("-m", "coordinator.cli", "participant", "run", f"{kind.module}:{name}") for name in NAMES}
    return Layout(
        participants=commands,
        keeping=kind.keeping,
        settings={"AMENDS_CATALOGUE": "benchmarks.sagas", **(settings or {})},
    )


Floor = Literal["chain", "rows", "batches", "probe"]


async def floor_database(stack: Stack, floor: Floor) -> str:
    """An empty database on the stack's server, with the store's schema."""
    name = f"amends_floor_{floor}"
    await stack.servers.postgres.drop_database(name)
    await stack.servers.postgres.create_database(name)
    url = stack.servers.postgres.url(name)
    await migrations.upgrade(url)
    return url
