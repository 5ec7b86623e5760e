"""One round: trips are asked for and faults come; then all is healed, it becomes quiet, and the oracle judges."""

import asyncio
from collections.abc import Sequence
from random import Random

from coordinator.engine.status import Status
from tests.chaos.disks import Disk
from tests.chaos.kept import keep_evidence
from tests.chaos.kinds import Kind, Scene
from tests.chaos.load import Load
from tests.chaos.pace import slowly_between
from tests.chaos.reaper import Reaper
from tests.chaos.record import Record
from tests.chaos.town import Town
from tests.chaos.watch import Watch
from tests.faults.oracle import judge
from tests.faults.queues import unread
from tests.faults.trips import Trips

_FAULT_S = 120.0
"""Whatever takes longer has got stuck itself, on what else happens."""


class Rounds:
    """All rounds of a run."""

    def __init__(
        self, town: Town, reaper: Reaper, record: Record, watch: Watch, random: Random, disks: dict[str, Disk]
    ) -> None:
        self._town, self._reaper, self._record, self._watch = town, reaper, record, watch
        self._random, self._disks = random, disks
        self.asked: set[str] = set()
        """Every saga of all rounds."""
        self.per_second = 15.0
        """How many trips are asked for, on average."""

    async def round(self, kinds: Sequence[Kind]) -> list[Kind]:
        """Lets these faults come, together as far as that is possible; those that did not strike."""
        self._record.rounds += 1
        number = self._record.rounds
        self._record.say(f"round {number}: {', '.join(kind.name for kind in kinds)}")
        async with Trips(self._town, f"{self._record.seed}-{number}") as trips:
            load = Load(self._town, trips, self._watch, self._random, self.per_second)
            self._reaper.load = load
            asking, reaping = asyncio.create_task(load.run()), asyncio.create_task(self._reaper.run())
            try:
                groups = {kind.group: asyncio.Lock() for kind in kinds}
                struck = await asyncio.gather(*(self._fault(kind, groups[kind.group]) for kind in kinds))
                await slowly_between(self._random, 1, 3)
            finally:
                for each in (asking, reaping):
                    each.cancel()
                await asyncio.wait([asking, reaping])
            for each in (asking, reaping):
                if not each.cancelled() and each.exception() is not None:
                    self._record.oppose([f"The load ended: {each.exception()!r}"])
            await self._judge(load, number)
        return [kind for kind, came in zip(kinds, struck, strict=True) if not came]

    async def _fault(self, kind: Kind, turn: asyncio.Lock) -> bool:
        await slowly_between(self._random, 1, 5)
        async with turn:
            self._record.say(f"{kind.name} …")
            scene = Scene(kind.name, self._town, self._reaper, Random(self._random.random()), self._disks)
            try:
                async with asyncio.timeout(_FAULT_S):
                    struck = await kind.do(scene)
            except (Exception, asyncio.CancelledError) as error:
                # Its own clients may break on what else happens. A kind that never strikes is an objection (O9).
                if (own := asyncio.current_task()) is not None and own.cancelling():
                    raise
                self._record.say(f"… {kind.name} could not be done: {error!r}")
                return False
        self._record.say(f"… {kind.name}{'' if struck else ': did not strike'}")
        self._record.fired[kind.name] += struck
        return struck

    async def _judge(self, load: Load, number: int) -> None:
        trips, record = load.trips, self._record
        record.say(f"healing; {len(trips.expected)} sagas asked for, {len(await load.under_way())} under way")
        self._reaper.load = None
        await self._town.heal()
        await load.finish()
        quiet = await trips.quiet()
        evidence = await trips.evidence()
        objections = judge(evidence)
        if not quiet:
            objections.append(f"O1: it was not quiet in time; unread: {await unread(self._town)}")
        for saga_id, row in evidence.sagas.items():
            record.sagas[row.status] += 1
            expected = trips.expected[saga_id]
            record.turned += row.status != expected and saga_id not in load.cancelled
            if row.status == Status.COMPLETED != expected:
                objections.append(f"O3: {saga_id} is completed, and was to be {expected}")
            if row.status == Status.PARKED:
                objections.append(f"O1: {saga_id} is parked for {row.parked_for}: {row.outcome}")
        record.acknowledged += len(trips.acknowledged)
        record.cancelled += len(load.cancelled)
        self.asked.update(trips.expected)
        record.oppose(objections)
        if objections:
            record.say(f"evidence: {keep_evidence(self._town, record, evidence, number, objections)}")
        await self._reaper.measured()
        record.say(f"quiet; {len(evidence.sagas)} sagas judged")
