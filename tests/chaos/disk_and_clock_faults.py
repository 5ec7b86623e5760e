"""Full disks, and clocks that somebody sets."""

from collections.abc import Sequence

from tests.chaos.kinds import Kind, Scene
from tests.chaos.pace import slowly_between

_STEPS_S = (3600, -3600, 86_400, -86_400, 300, -300)


async def _disk_is_full(scene: Scene, server: str) -> bool:
    disk = scene.disks[server]
    disk.fill()
    full = disk.full
    scene.struck()
    for _ in range(4):
        await slowly_between(scene.random, 0.5, 1.5)
        disk.fill()
    disk.empty()
    for each in (scene.town.postgres, scene.town.kafka):
        if each.pid is None:
            await each.start()
    return full


async def _clocks_are_set(scene: Scene) -> bool:
    """Those of some processes, while they run, by an hour or a day; then back.

    Not while they start: a coordinator begins with the wall clock, and the timers it sets are as late as that is ahead.
    """
    running = [member for member in scene.town.members if member.up]
    members = scene.random.sample(running, min(3, len(running)))
    before = [(member, member.starts) for member in members]
    for member in members:
        member.clock.set(scene.random.choice(_STEPS_S))
    scene.struck()
    await slowly_between(scene.random, 3, 8)
    lived = any(member.starts == starts for member, starts in before)
    for member in members:
        member.clock.set(0)
    return lived


DISK_FAULTS: Sequence[Kind] = (
    Kind("postgres' disk is full", "servers", lambda scene: _disk_is_full(scene, "postgres")),
    Kind("kafka's disk is full", "servers", lambda scene: _disk_is_full(scene, "kafka")),
)
CLOCK_FAULTS: Sequence[Kind] = (Kind("clocks are set", "clocks", _clocks_are_set),)
