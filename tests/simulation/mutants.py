"""Bugs to plant, one line each: what a careful person might get wrong in the subtle places."""

from tests.simulation.company_mutants import COMPANY_MUTANTS
from tests.simulation.engine_mutants import ENGINE_MUTANTS
from tests.simulation.family_mutants import FAMILY_MUTANTS
from tests.simulation.frozen_mutants import FROZEN_MUTANTS
from tests.simulation.later_mutants import LATER_MUTANTS
from tests.simulation.local_mutants import LOCAL_MUTANTS
from tests.simulation.mutant import Mutant

RUNTIME = "coordinator.runtime"
SDK = "participants.sdk"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "publish before the commit",
        f"{RUNTIME}.activation",
        "            won = await self._store.commit(_writes(turns), confirmed)\n        except",
        "            self._relay.offer([row for write in _writes(turns) for row in write.outbox])\n"
        "            won = await self._store.commit(_writes(turns), confirmed)\n        except",
    ),
    Mutant(
        "delete the outbox row before it is acknowledged",
        f"{RUNTIME}.relay",
        "            confirmed = await self._publisher.publish(rows)\n",
        "            self._confirmed.extend(Confirmed(row.command_id, row.attempt) for row in rows)\n"
        "            self.on_confirmed()\n"
        "            confirmed = await self._publisher.publish(rows)\n",
    ),
    Mutant(
        "count all as acknowledged when some are",
        "coordinator.kafka.producer",
        "if all(acknowledged):",
        "if any(acknowledged):",
    ),
    Mutant(
        "no outbox rows, only memory",
        f"{RUNTIME}.activation",
        "            won = await self._store.commit(_writes(turns), confirmed)\n        except",
        "            bare = [__import__('msgspec').structs.replace(each, outbox=()) for each in _writes(turns)]\n"
        "            won = await self._store.commit(bare, confirmed)\n        except",
    ),
    Mutant(
        "the fence is ignored",
        f"{RUNTIME}.activation",
        "if turn.write is None or turn.saga_id in won]",
        "]",
    ),
    Mutant(
        "an unknown outcome counts as committed",
        f"{RUNTIME}.activation",
        "            self._doubt(turns)\n            raise\n        except ValueError:",
        "            self._settle(turns, frozenset(turn.saga_id for turn in turns), batch)\n        except ValueError:",
    ),
    Mutant(
        "the warm copy outlives a lost commit",
        f"{RUNTIME}.activation",
        "        self._warm.drop(saga_id)\n        self._timers.forget(saga_id)\n        self._intake.put_back",
        "        self._timers.forget(saga_id)\n        self._intake.put_back",
    ),
    Mutant(
        "a start that lost is taken for new again",
        f"{RUNTIME}.activation",
        "            turn.letters[0].lost = True\n",
        "",
    ),
    Mutant(
        "answered before the commit",
        f"{RUNTIME}.activation",
        "        confirmed = self._relay.take_confirmed()\n",
        "        confirmed = self._relay.take_confirmed()\n"
        "        for turn in turns:\n            self._answer(turn)\n",
    ),
    Mutant(
        "what waited is forgotten when the store is away",
        f"{RUNTIME}.activation",
        "        self._intake.put_back(saga_id, batch.pop(saga_id))",
        "        batch.pop(saga_id)\n        self._intake.release(saga_id)",
    ),
    Mutant(
        "a warm copy that is behind sets good answers aside",
        f"{RUNTIME}.turn",
        "return self.guessed or any(type(verdict) in _NOTHING for verdict in self.decision.verdicts)",
        "return False",
    ),
    Mutant(
        "mail that comes during a batch is lost when the batch is",
        f"{RUNTIME}.intake",
        "self._waiting[saga_id] = letters + held",
        "self._waiting[saga_id] = letters",
    ),
    Mutant(
        "mail that comes during a batch is lost",
        f"{RUNTIME}.intake",
        "        if held := self._taken.pop(saga_id):",
        "        if held := self._taken.pop(saga_id) and []:",
    ),
    Mutant(
        "rows that were not acknowledged are not tried again",
        f"{RUNTIME}.relay",
        "if rows := again + self._blocked.pop(saga_id):",
        "if rows := self._blocked.pop(saga_id):",
    ),
    Mutant(
        "what could not be deleted is forgotten",
        f"{RUNTIME}.relay",
        "        self._confirmed = confirmed + self._confirmed\n",
        "",
    ),
    Mutant(
        "an idle coordinator deletes no rows",
        f"{RUNTIME}.flushing",
        "        relay.on_confirmed = self._later\n",
        "",
    ),
    Mutant(
        "the sweep finds no leftovers",
        f"{RUNTIME}.recovery",
        "        await self._leftovers()\n",
        "",
    ),
    Mutant(
        "the sweep finds no timers",
        f"{RUNTIME}.recovery",
        "        await self._wake_ups()\n",
        "",
    ),
    Mutant(
        "timers in memory only",
        f"{RUNTIME}.waking",
        "    if row == true:\n        return False\n",
        "    return False\n",
    ),
    Mutant(
        "a row keeps a later wake-up time",
        f"{RUNTIME}.waking",
        "    if row is None or (true is not None and true < row):",
        "    if row is None:",
    ),
    Mutant(
        "each coordinator has its own machine's time",
        f"{RUNTIME}.clock",
        "            self._now, self.told = now, True\n",
        "            self.told = True\n",
    ),
    Mutant(
        "offsets of replies before they are handled",
        "coordinator.kafka.offsets",
        "low = next(iter(self._open), self._next)",
        "low = self._next",
    ),
    Mutant(
        "requests are handled before they are decided",
        "coordinator.kafka.requests",
        "            self._intake.offer(saga_id, fact, partial(self._done, record, offsets))\n",
        "            self._intake.offer(saga_id, fact, partial(self._done, record, offsets))\n"
        "            offsets.done(record.offset)\n",
    ),
    Mutant(
        "requests that come to nothing are handled without a dead letter",
        "coordinator.kafka.requests",
        "        self._dead_letters.add(record, reason, partial(offsets.done, record.offset))\n",
        "        offsets.done(record.offset)\n",
    ),
    Mutant(
        "an update that is refused is handled without a dead letter",
        "coordinator.kafka.requests",
        "                self._set_aside(record, offsets, verdict.message)\n",
        "                offsets.done(record.offset)\n",
    ),
    Mutant(
        "a start by record brings no update",
        "coordinator.kafka.requests",
        "                elif update is not None:\n",
        "                elif False:\n",
    ),
    Mutant(
        "offsets of an old assignment",
        "coordinator.kafka.consumer",
        "            await self._handled()\n            await self._commit()\n",
        "            for offsets in self._offsets.values():\n                offsets._open.clear()\n"
        "            await self._commit()\n",
    ),
    *ENGINE_MUTANTS,
    *LOCAL_MUTANTS,
    *FAMILY_MUTANTS,
    *LATER_MUTANTS,
    *COMPANY_MUTANTS,
    *FROZEN_MUTANTS,
    Mutant(
        "no tombstone",
        f"{SDK}.entry",
        "            self.tombstone = self.changed = True\n",
        "",
    ),
    Mutant(
        "the tombstone is ignored",
        f"{SDK}.entry",
        "return UNDONE_BEFORE if self.tombstone else self.forward",
        "return self.forward",
    ),
    Mutant(
        "what was undone is undone again",
        f"{SDK}.entry",
        "        if self.undone or self.tombstone or",
        "        if self.tombstone or",
    ),
    Mutant(
        "a refusal is not kept",
        f"{SDK}.batch",
        "            if not isinstance(result.answer, Failure):\n",
        "            if isinstance(result.answer, Success):\n",
    ),
    Mutant(
        "answers are not kept",
        f"{SDK}.batch",
        "            await keep(connection, entries.values())\n",
        "",
    ),
    Mutant(
        "answered without a commit",
        f"{SDK}.batch",
        "            await transaction.commit()\n",
        "            await transaction.rollback()\n",
    ),
    Mutant(
        "answers are kept after the commit",
        f"{SDK}.batch",
        "            await keep(connection, entries.values())\n            await transaction.commit()\n",
        "            await transaction.commit()\n            await connection.begin()\n"
        "            await keep(connection, entries.values())\n            await connection.commit()\n",
    ),
    Mutant(
        "what a failed handler wrote is committed",
        f"{SDK}.batch",
        "    if savepoints.spoilt:\n",
        "    if False:\n",
    ),
    Mutant(
        "records that were not acknowledged are not sent again",
        f"{SDK}.sender",
        "            rest, error = await self._send(producer, rest)\n",
        "            rest, error = await self._send(producer, rest)\n            rest = []\n",
    ),
    Mutant(
        "offsets of commands before their replies",
        f"{SDK}.worker",
        "            await self._sender.send(outgoing)\n",
        "            offsets.done(through, term)\n            await self._sender.send(outgoing)\n",
    ),
    Mutant(
        "offsets of commands out of turn",
        f"{SDK}.worker",
        "            if before is not None:\n                await before\n",
        "",
    ),
    Mutant(
        "offsets of a topic that was made anew",
        f"{SDK}.offsets",
        "        if term == self.term:\n",
        "        if True:\n",
    ),
    Mutant(
        "what comes with a record that is not alone is thrown away",
        f"{SDK}.fetching",
        "        return Fetched(first + await self._take(0, MAX_RECORDS - 1), term)\n",
        "        return Fetched(await self._take(0, MAX_RECORDS - 1) or first, term)\n",
    ),
)
