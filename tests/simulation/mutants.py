"""Bugs to plant, one line each: what a careful person might get wrong in the subtle places."""

from dataclasses import dataclass

RUNTIME = "coordinator.runtime"
SDK = "participants.sdk"


@dataclass(frozen=True, slots=True)
class Mutant:
    """``old`` stands exactly once in ``module`` and becomes ``new``."""

    name: str
    module: str
    old: str
    new: str


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
        "offsets of an old assignment",
        "coordinator.kafka.consumer",
        "            await self._handled()\n            await self._commit()\n",
        "            for offsets in self._offsets.values():\n                offsets._open.clear()\n"
        "            await self._commit()\n",
    ),
    Mutant(
        "undo in forward order",
        "coordinator.engine.compensation",
        "        return [state.succeeded[-1]]",
        "        state.succeeded.reverse()\n        return [state.succeeded[-1]]",
    ),
    Mutant(
        "undo all at once",
        "coordinator.engine.compensation",
        "if state.cause is not None and not state.undoing and state.succeeded:",
        "if state.cause is not None and state.succeeded:",
    ),
    Mutant(
        "ended before everything is undone",
        "coordinator.engine.compensation",
        "state.to_undo or state.succeeded or state.undoing or state.given_up",
        "state.to_undo or state.succeeded or state.given_up",
    ),
    Mutant(
        "what timed out is not undone",
        "coordinator.engine.evolve",
        "    _settle(state, event.step)\n    if step.unknown:\n        state.to_undo.append(event.step)\n",
        "    _settle(state, event.step)\n    if step.unknown and type(event).__name__ != 'StepTimedOut':\n"
        "        state.to_undo.append(event.step)\n",
    ),
    Mutant(
        "what is in flight when the saga turns back is not undone",
        "coordinator.engine.evolve",
        "        if step.unknown:\n            state.to_undo.append(number)\n",
        "",
    ),
    Mutant(
        "a retry takes a new id",
        "coordinator.engine.sends",
        "            return Send(command_id(saga_id, number), participant,",
        "            return Send(command_id(saga_id, number + 1000), participant,",
    ),
    Mutant(
        "a retry is not sent",
        "coordinator.engine.sends",
        "frozenset({StepIssued, StepRetried, UndoIssued, UndoRetried})",
        "frozenset({StepIssued, StepRetried, UndoIssued})",
    ),
    Mutant(
        "cancelled after the point of no return",
        "coordinator.engine.state",
        "(self.status.ended or self.forward_only or self.pivot_in_flight)",
        "(self.status.ended or self.pivot_in_flight)",
    ),
    Mutant(
        "cancelled before the point of no return is known",
        "coordinator.engine.state",
        "(self.status.ended or self.forward_only or self.pivot_in_flight)",
        "(self.status.ended or self.forward_only)",
    ),
    Mutant(
        "another input is the same saga",
        "coordinator.engine.absorb",
        "if state.definition == start.definition and same_input(state.input, bytes(start.input)):",
        "if state.definition == start.definition:",
    ),
    Mutant(
        "what cannot be undone is sent",
        "coordinator.engine.order",
        "            if command.undo_with is None:\n",
        "            if False:\n",
    ),
    Mutant(
        "a signal that comes twice is received twice",
        "coordinator.engine.signals",
        "    name = state.signals.ids.get(signal.id)\n",
        "    name = None\n",
    ),
    Mutant(
        "a deferred signal is dropped when the saga goes on",
        "coordinator.engine.replies",
        "            keep(turn, signal_of(each))\n",
        "            pass\n",
    ),
    Mutant(
        "a kept signal is not handed to who waits",
        "coordinator.engine.inbox",
        "return self._kept.popleft() if self._kept else None",
        "return None",
    ),
    Mutant(
        "the newest signal is taken first",
        "coordinator.engine.inbox",
        "return self._kept.popleft() if self._kept else None",
        "return self._kept.pop() if self._kept else None",
    ),
    Mutant(
        "who waits no longer is handed a signal",
        "coordinator.engine.run",
        "                inbox.leave(future)\n",
        "",
    ),
    Mutant(
        "nobody is told of a signal that waits for it",
        "coordinator.engine.feed",
        "StepTimedOut, TimerFired, SignalReceived})",
        "StepTimedOut, TimerFired})",
    ),
    Mutant(
        "answers that came in a pause are dropped",
        "coordinator.engine.halts",
        "    deferred = list(state.deferred.values())\n    mismatch",
        "    deferred = []\n    mismatch",
    ),
    Mutant(
        "time passes in a pause",
        "coordinator.engine.evolve",
        "    state.due.shift(event.at - state.paused_at)\n",
        "",
    ),
    Mutant(
        "a paused saga is woken",
        "coordinator.engine.absorb",
        "    if state.paused_at is not None:\n        return None\n",
        "",
    ),
    Mutant(
        "an undo that a person skipped counts as undone",
        "coordinator.engine.conclude",
        "    if state.skipped:\n",
        "    if False:\n",
    ),
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
)
