"""A whole run: servers, deployment, rounds, and what is said at the end."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import asyncpg

from contracts.failpoints import COORDINATOR_FAILPOINTS, PARTICIPANT_FAILPOINTS
from contracts.ids import parse_command_id
from tests.chaos.clocks import faketime_library
from tests.chaos.database_faults import DATABASE_FAULTS, POOLER_FAULTS
from tests.chaos.deck import Deck
from tests.chaos.disk_and_clock_faults import CLOCK_FAULTS, DISK_FAULTS
from tests.chaos.disks import disks_of
from tests.chaos.kinds import Kind
from tests.chaos.message_faults import MESSAGE_FAULTS
from tests.chaos.network_faults import NETWORK_FAULTS
from tests.chaos.pooler import pooler_program
from tests.chaos.process_faults import PROCESS_FAULTS
from tests.chaos.reaper import Reaper
from tests.chaos.record import Record
from tests.chaos.rounds import Rounds
from tests.chaos.server_faults import SERVER_FAULTS
from tests.chaos.town import Town, chaos_root, chaos_servers
from tests.chaos.watch import Watch

FULL_MINUTES = 30
"""A run of this length has to kill at every failpoint so often:"""
FULL_KILLS = 10
KILLED_AT = COORDINATOR_FAILPOINTS | PARTICIPANT_FAILPOINTS
"""Those of which the load comes by."""
_AT_ONCE = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for."""

    seed: int
    minutes: float
    overtime: float = 0
    """Minutes more, as long as a kind has not struck: a slow machine has its faults one by one, too."""
    name: str = "chaos"
    """Of the folder under ``.amends``."""
    once: bool = False
    """Whether to end, before the time is over, as soon as each kind has struck."""
    coordinators: int = 2
    only: Sequence[str] = ()
    """Kinds of faults whose names have one of these words; all when there are none."""
    without: Sequence[str] = ()
    """Words of kinds that are left out."""
    keep_going: bool = False
    """Whether there is another round after an objection."""
    plant: str | None = None
    """A bug that is to be found (``tests.chaos.planted``)."""
    no_disks: str | None = None
    """Why no disk can be filled, if so."""
    kills: bool = True
    """Whether processes are killed all the time."""


async def run(plan: Plan) -> Record:
    """Does it all. Raises EmbeddedServerFailed when the servers do not start."""
    record, random, root = Record(plan.seed), Random(plan.seed), chaos_root(plan.name)
    shutil.rmtree(root / "logs", ignore_errors=True)
    disks = {} if plan.no_disks else disks_of(root)
    kinds = _kinds(plan, record)
    record.say(f"seed {plan.seed}, {plan.minutes:g} minutes, {len(kinds)} kinds of faults")
    async with chaos_servers(root, plan.coordinators, record.say) as servers:
        town = Town(servers, root, Random(random.random()), plan.coordinators, plan.plant)
        watch = Watch(town.database_url)
        reaper = Reaper(town, record, watch, Random(random.random()), root / "logs", kills=plan.kills)
        rounds = Rounds(town, reaper, record, watch, Random(random.random()), disks)
        try:
            await town.start()
            await _rounds(plan, record, rounds, Deck(kinds, random))
            record.oppose(await _strangers(town, rounds.asked))
        finally:
            await watch.close()
            await town.close()
    return record


def _kinds(plan: Plan, record: Record) -> list[Kind]:
    kinds = [*PROCESS_FAULTS, *SERVER_FAULTS, *DATABASE_FAULTS, *MESSAGE_FAULTS, *NETWORK_FAULTS]
    if plan.no_disks:
        record.notes.append(plan.no_disks)
    else:
        kinds += DISK_FAULTS
    if faketime_library() is None:
        record.notes.append("clocks are set: libfaketime is not installed")
    else:
        kinds += CLOCK_FAULTS
    if pooler_program() is None:
        record.notes.append("behind a pooler: pgbouncer is not installed")
    else:
        kinds += POOLER_FAULTS
    return [kind for kind in kinds if _wanted(plan, kind)]


def _wanted(plan: Plan, kind: Kind) -> bool:
    asked = not plan.only or any(word in kind.name for word in plan.only)
    return asked and not any(word in kind.name for word in plan.without)


async def _rounds(plan: Plan, record: Record, rounds: Rounds, deck: Deck) -> None:
    until = record.began + plan.minutes * 60
    at_most = until + plan.overtime * 60
    drawn: set[str] = set()
    while plan.keep_going or not record.objections:
        all_struck = deck.whole and all(record.fired[name] for name in drawn)
        if time.monotonic() >= (until if all_struck else at_most) or (plan.once and all_struck):
            break
        kinds = deck.draw(_AT_ONCE)
        drawn |= {kind.name for kind in kinds}
        deck.put_back(await rounds.round(kinds))
    if record.objections:
        return
    if deck.whole:
        record.oppose(f"O9: {kind} never struck" for kind in sorted(each for each in drawn if not record.fired[each]))
    if plan.minutes >= FULL_MINUTES:
        few = {
            name: record.killed[name]
            for name in sorted(COORDINATOR_FAILPOINTS | PARTICIPANT_FAILPOINTS)
            if record.killed[name] < FULL_KILLS
        }
        record.oppose(f"O9: {name} has killed {count} times only" for name, count in few.items())


async def _strangers(town: Town, asked: set[str]) -> list[str]:
    """Whatever participants did and the coordinators know, of all rounds: all of it was asked for."""
    found: list[str] = []
    for name, url in {"": town.database_url, **town.participant_urls}.items():
        connection = await asyncpg.connect(url)
        query = "SELECT command_id FROM effect" if name else "SELECT saga_id || ':1' FROM saga"
        ids = {parse_command_id(row[0]).saga_id for row in await connection.fetch(query)}
        await connection.close()
        found += [
            f"O3: {saga_id} is known to {name or 'the coordinators'}, and nobody asked for it"
            for saga_id in ids - asked
        ]
    return found
