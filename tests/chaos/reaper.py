"""Kills without end: every process is started with a failpoint armed, and killed there, or anywhere."""

import asyncio
import time
from pathlib import Path
from random import Random

from contracts.failpoints import COORDINATOR_FAILPOINTS, PARTICIPANT_FAILPOINTS
from tests.chaos.load import Load
from tests.chaos.member import Member
from tests.chaos.pace import slowly_between
from tests.chaos.record import KILLED, Record
from tests.chaos.town import Town
from tests.chaos.watch import Watch
from tests.faults.system import Armed

_PLAIN = 0.15
"""The share of starts without a failpoint: then a batch is one statement, as it is outside of tests."""
_COORDINATORS = 0.6
"""The share of the kills that are meant for coordinators: they have more failpoints."""
_OLD_S = 8.0
"""A failpoint that was not reached in this time gives way to the next one."""
_TIMES = {"fact_received": 20, "partitions_revoked": 1, "sweep_half_done": 2, "timer_fired": 3}
_OFTEN = 4
"""At which time of passing at most a process is killed."""


class Reaper:
    """Chooses failpoints, those first that have killed least, and kills what has no failpoint that fires."""

    def __init__(self, town: Town, record: Record, watch: Watch, random: Random, folder: Path, *, kills: bool) -> None:
        self._town, self._record, self._watch, self._random, self._folder = town, record, watch, random, folder
        self._kills = kills
        self.load: Load | None = None
        """Of the round that is under way; without it nobody is killed."""
        self._since: dict[Member, float] = {}
        self._measuring: set[asyncio.Task[None]] = set()
        for member in town.members:
            member.arm = lambda member=member: self._arm(member)
            member.on_killed = lambda armed, member=member: self._killed(member, armed.failpoint)
            member.on_death = lambda status, member=member: self._died(member, status)

    async def run(self) -> None:
        """Kills somebody now and then, until it is cancelled."""
        if self._kills:
            for member in self._town.coordinating:
                self.kill(member)
                await slowly_between(self._random, 0.2, 1)
        while self._kills:
            await slowly_between(self._random, 0.3, 1.5)
            self._nudge()
            members = self._town.coordinating if self._random.random() < _COORDINATORS else self._town.taking_part
            idle = [each for each in members if each.up and self._idle(each)]
            if idle:
                self.kill(self._random.choice(idle))

    def kill(self, member: Member) -> None:
        """Wherever it is just now."""
        self._record.fired["kill anywhere"] += 1
        self._record.say(f"kill {member.name} anywhere")
        member.kill()
        self.measure("kill anywhere")

    def measure(self, kind: str) -> None:
        """From now on: how long until what is under way goes on."""
        if self.load is not None:
            self._measuring.add(asyncio.create_task(self._measure(kind, self.load)))

    async def measured(self) -> None:
        """Returns when all that is measured has been."""
        await asyncio.gather(*self._measuring)
        self._measuring.clear()

    async def _measure(self, kind: str, load: Load) -> None:
        since = time.monotonic()
        under_way = await load.under_way() or [*load.trips.expected][-100:]
        if under_way:
            self._record.recoveries.append(await self._watch.recovery(kind, under_way, since))

    def _idle(self, member: Member) -> bool:
        return member.armed is None or time.monotonic() - self._since.get(member, 0) > _OLD_S

    def _nudge(self) -> None:
        """Partitions are revoked when somebody joins or leaves."""
        waiting = [each for each in self._town.coordinating if each.up and _waits_for(each, "partitions_revoked")]
        others = [each for each in self._town.coordinating if each.up and each not in waiting]
        if waiting and others:
            self._record.say(f"{others[0].name} leaves")
            others[0].leave()

    def _arm(self, member: Member) -> Armed | None:
        self._since[member] = time.monotonic()
        if self.load is None or not self._kills or self._random.random() < _PLAIN:
            return None
        places = sorted(COORDINATOR_FAILPOINTS if member.is_coordinator else PARTICIPANT_FAILPOINTS)
        armed = {each.armed.failpoint for each in self._town.members if each.armed is not None}
        least = min(self._record.killed[place] + (place in armed) for place in places)
        place = self._random.choice([each for each in places if self._record.killed[each] + (each in armed) == least])
        return Armed(place, self._folder, times=self._random.randint(1, _TIMES.get(place, _OFTEN)))

    def count(self, failpoint: str) -> None:
        """It has killed somebody."""
        self._record.killed[failpoint] += 1

    def _killed(self, member: Member, failpoint: str) -> None:
        self.count(failpoint)
        self._record.say(f"killed {member.name} at {failpoint} ({self._record.killed[failpoint]})")
        self.measure(KILLED)

    def _died(self, member: Member, status: int) -> None:
        end = member.part.failure(f"ended with {status}")
        self._record.deaths.append(f"{member.name} with {status}")
        self._record.say(f"{end}")


def _waits_for(member: Member, failpoint: str) -> bool:
    return member.armed is not None and member.armed.failpoint == failpoint
