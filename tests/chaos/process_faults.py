"""Processes that freeze, die together, die again and again, come and go."""

import asyncio
import signal
from collections.abc import Sequence

import asyncpg

import migrations
from coordinator.cli.processes import Part
from tests.chaos.kinds import Kind, Scene
from tests.chaos.member import Member
from tests.chaos.pace import slowly_between
from tests.faults.system import ROOT, Armed

_FIRES_WITHIN_S = 20.0
_FREEZING = ("batch_loaded", "history_written", "outbox_written", "commit_sent", "publish_queued", "timer_fired")


async def _freeze(scene: Scene, members: list[Member]) -> bool:
    """SIGSTOP for longer than its session, then SIGCONT: a zombie that knows of nothing."""
    member = scene.one_of(members)
    frozen = member.part.pid
    member.part.send(signal.SIGSTOP)
    scene.struck()
    await slowly_between(scene.random, 2.5, 7)
    woken = member.part.pid == frozen
    member.part.send(signal.SIGCONT)
    return woken and frozen is not None


async def _freeze_at_failpoint(scene: Scene) -> bool:
    """The same for a coordinator, with a transaction open or commands in its hand."""
    member = scene.one_of(scene.town.coordinating)
    place = scene.random.choice(_FREEZING)
    armed = Armed(place, member.part.log.parent, times=scene.random.randint(1, 4), how="stop")
    usual, member.arm = member.arm, lambda: armed
    try:
        member.kill()
        async with asyncio.timeout(_FIRES_WITHIN_S):
            while not armed.fired:
                await slowly_between(scene.random, 0.05, 0.1)
        scene.struck()
        await slowly_between(scene.random, 2.5, 6)
    except TimeoutError:
        return False
    finally:
        member.arm = usual
        member.part.send(signal.SIGCONT)
    return True


async def _all_die(scene: Scene) -> bool:
    """Every coordinator and every participant, at the same moment."""
    for member in scene.town.members:
        member.kill()
    scene.struck()
    return True


async def _die_again(scene: Scene) -> bool:
    """A coordinator is killed while it starts and recovers, five times."""
    member = scene.one_of(scene.town.coordinating)
    before = member.starts
    for _ in range(5):
        member.kill()
        await slowly_between(scene.random, 0.7, 2)
    scene.struck()
    return member.starts >= before + 3


async def _stay_away(scene: Scene, members: list[Member]) -> bool:
    """It dies, and comes back only after others have taken over."""
    member = scene.one_of(members)
    member.hold_back()
    member.kill()
    scene.struck()
    await slowly_between(scene.random, 4, 9)
    member.let_go()
    return True


async def _come_and_go(scene: Scene) -> bool:
    """Each time partitions change hands."""
    member = scene.one_of(scene.town.coordinating)
    before = member.starts
    for _ in range(3):
        member.leave()
        scene.struck()
        await slowly_between(scene.random, 1, 3)
    return member.starts > before


async def _migration_dies(scene: Scene) -> bool:
    """A database is brought to the newest schema by processes that are killed in each step."""
    postgres, name = scene.town.postgres, f"chaos_migrated_{scene.random.getrandbits(32):08x}"
    try:
        await postgres.create_database(name)
        killed = [await _killed_in_step(scene, postgres.url(name), step) for step in (1, 2)]
        await migrations.upgrade(postgres.url(name))
        whole = await migrations.current(postgres.url(name)) == migrations.head()
        await postgres.drop_database(name)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        return False  # The server went down meanwhile: the next time.
    if not whole:
        raise AssertionError(f"The migration of {name} was killed in each step, and is not whole after it.")
    return all(killed)


async def _killed_in_step(scene: Scene, url: str, step: int) -> bool:
    folder = scene.town.members[0].part.log.parent
    armed = Armed("migration_step", folder, times=step)
    upgrade = Part("migration", ("-m", "coordinator.cli", "db", "upgrade"), {}, folder / "migration.log")
    await upgrade.launch({"PYTHONPATH": str(ROOT), "AMENDS_DATABASE_URL": url, **armed.environment})
    killed = await upgrade.ended() == -signal.SIGKILL and armed.fired
    if killed:
        scene.killed_at(armed.failpoint)
    return killed


PROCESS_FAULTS: Sequence[Kind] = (
    Kind("freeze a coordinator", "coordinators", lambda scene: _freeze(scene, scene.town.coordinating)),
    Kind("freeze a participant", "participants", lambda scene: _freeze(scene, scene.town.taking_part)),
    Kind("freeze at a failpoint", "coordinators", _freeze_at_failpoint),
    Kind("all processes die", "coordinators", _all_die),
    Kind("die again in recovery", "coordinators", _die_again),
    Kind("a coordinator stays away", "coordinators", lambda scene: _stay_away(scene, scene.town.coordinating)),
    Kind("a participant stays away", "participants", lambda scene: _stay_away(scene, scene.town.taking_part)),
    Kind("come and go", "coordinators", _come_and_go),
    Kind("migration dies", "migration", _migration_dies),
)
