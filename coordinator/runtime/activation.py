"""Batches of sagas through the engine into one transaction each. What queued up during a commit is the next batch."""

import asyncio
import time
from collections.abc import Sequence

import structlog

from contracts.failpoints import failpoint
from coordinator.engine.facts import Accepted, Ignored, Known, Verdict
from coordinator.runtime.clock import Clock
from coordinator.runtime.in_flight import InFlight
from coordinator.runtime.intake import Intake
from coordinator.runtime.letter import Letter
from coordinator.runtime.limits import Limits
from coordinator.runtime.local_steps import LocalSteps
from coordinator.runtime.notices import is_notice
from coordinator.runtime.observer import Committed, Observer
from coordinator.runtime.outbox_order import in_order
from coordinator.runtime.ownership import Ownership
from coordinator.runtime.ports import OutcomeUnknown, SagaStore, SagaWrite, StoredSaga, StoreUnavailable
from coordinator.runtime.relay import Relay
from coordinator.runtime.timers import Timers
from coordinator.runtime.turn import Deciding, Turn
from coordinator.runtime.warm import WarmSaga, WarmSagas
from coordinator.runtime.watchers import Watchers

log = structlog.get_logger(__name__)


class Activation:
    """Several batches in flight, over disjoint sagas. Every fact taken ends in a verdict or back in its mailbox.

    - Lost to the fence: the warm copy goes, the facts stand in front again, the next batch loads the saga.
    - Store unavailable: the same, after a while; for ever. ``trouble`` says so meanwhile.
    - Outcome unknown: the same, and once the saga is loaded its outbox rows are published, since the commit may have
      taken effect and nobody else would before the sweep.
    - A fact on which the engine fails, or whose decision the database refuses, is tried alone, a few times, and then
      given up with the verdict Ignored. It never fails the batch.
    """

    def __init__(
        self,
        *,
        intake: Intake,
        store: SagaStore,
        deciding: Deciding,
        warm: WarmSagas,
        relay: Relay,
        timers: Timers,
        ownership: Ownership,
        watchers: Watchers,
        observer: Observer,
        clock: Clock,
        limits: Limits,
        local: LocalSteps | None,
        notices: bool,
        held: bool,
    ) -> None:
        """``local``: None where no saga has local steps. ``notices``: there are several of a saga, which go out in
        order. ``held``: no batch is started before ``begin``."""
        self._local, self._notices = local, notices
        self._intake, self._store, self._deciding, self._warm = intake, store, deciding, warm
        self._relay, self._timers, self._ownership, self._watchers = relay, timers, ownership, watchers
        self._observer, self._clock, self._limits = observer, clock, limits
        self._batches = InFlight(limits.batches_in_flight, self._wake)
        self._unsure: set[str] = set()
        """Sagas whose last commit may have taken effect."""
        self._failures = 0
        self._held = held
        self._cancelled = False
        self._due = False
        self._idle = asyncio.Event()
        intake.on_mail = self._wake

    @property
    def trouble(self) -> str | None:
        """Why nothing can be committed, if so."""
        return "Postgres is unavailable; facts are kept and tried again." if self._failures else None

    @property
    def busy(self) -> bool:
        """Whether a batch is in flight."""
        return bool(self._batches)

    async def drained(self) -> None:
        """Returns when nothing waits and no batch is in flight."""
        while not (self._intake.idle and not self._batches):
            self._idle.clear()
            await self._idle.wait()

    def begin(self) -> None:
        """The clock is right: from here on batches are started."""
        self._resume()

    def cancel(self) -> None:
        """Starts no more batches and ends those in flight."""
        self._cancelled = self._held = True
        self._batches.cancel()

    def _wake(self) -> None:
        if not self._due and not self._held:
            self._due = True
            asyncio.get_running_loop().call_soon(self._fill)

    def _fill(self) -> None:
        """Starts as many batches as are worth it."""
        self._due = False
        while (waiting := self._intake.sagas_waiting) and not self._held and self._batches.room_for(waiting):
            batch = dict(self._intake.take(self._limits.batch_sagas))
            task = asyncio.get_running_loop().create_task(self._run(batch))
            self._batches.add(task, len(batch))
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._batches.remove(task)
        self._idle.set()
        self._wake()

    async def _run(self, batch: dict[str, list[Letter]]) -> None:
        """One batch. Whatever happens, no saga stays taken: ``batch`` shrinks as they are settled."""
        try:
            await self._activate(batch)
        except (StoreUnavailable, OutcomeUnknown) as error:
            self._hold(error)
        except Exception as error:
            log.exception("batch_failed", sagas=len(batch))
            self._hold(error)
        finally:
            for saga_id in list(batch):
                self._again(saga_id, batch)

    async def _activate(self, batch: dict[str, list[Letter]]) -> None:
        began = time.perf_counter()
        now = self._clock()
        turns = [Turn(saga_id, letters, self._warm.get(saga_id), now) for saga_id, letters in batch.items()]
        stored = await self._load([turn.saga_id for turn in turns if turn.fresh])
        loaded = time.perf_counter()
        failpoint("batch_loaded")
        await self._deciding.decide(turns, stored)
        if doubtful := [turn for turn in turns if turn.doubtful]:
            fresh = [Turn(turn.saga_id, turn.letters, None, now, load=True) for turn in doubtful]
            await self._deciding.decide(fresh, await self._load([turn.saga_id for turn in fresh]))
            turns = [turn for turn in turns if not turn.doubtful] + fresh
        decided = time.perf_counter()
        writes = [turn for turn in turns if turn.write is not None]
        if len(writes) < len(turns):
            self._settle_without_commit([turn for turn in turns if turn.write is None], batch)
        if writes:
            await self._commit(writes, batch)
        self._observer.batch(len(turns), loaded - began, decided - loaded, time.perf_counter() - decided)

    async def _load(self, saga_ids: Sequence[str]) -> dict[str, StoredSaga]:
        if not saga_ids:
            return {}
        stored = dict(await self._store.load(saga_ids))
        if self._unsure and (unsure := self._unsure.intersection(saga_ids)):
            self._relay.offer_again(in_order(await self._store.outbox_of(sorted(unsure))))
            self._unsure -= unsure
        if self._notices and stored:
            await self._notices_first(sorted(stored))
        self._failures = 0
        return stored

    async def _notices_first(self, saga_ids: Sequence[str]) -> None:
        """What a coordinator before us has not sent goes out before what is decided now."""
        left = await self._store.outbox_of(saga_ids)
        untold = {row.saga_id for row in left if is_notice(row)}
        self._relay.offer_again(in_order([row for row in left if row.saga_id in untold]))

    async def _commit(self, turns: Sequence[Turn], batch: dict[str, list[Letter]]) -> None:
        confirmed = self._relay.take_confirmed()
        try:
            won = await self._store.commit(_writes(turns), confirmed)
        except OutcomeUnknown:
            self._relay.give_back(confirmed)
            self._doubt(turns)
            raise
        except ValueError:
            self._relay.give_back(confirmed)
            await self._commit_alone(turns, batch)
        except BaseException:
            self._relay.give_back(confirmed)
            raise
        else:
            self._failures = 0
            self._relay.deleted(confirmed)
            self._settle(turns, won, batch)

    async def _commit_alone(self, turns: Sequence[Turn], batch: dict[str, list[Letter]]) -> None:
        """The database refuses a value of one of them: the others must not suffer."""
        for turn in turns:
            try:
                won = await self._store.commit(_writes([turn]), ())
            except OutcomeUnknown:
                self._doubt([turn])
                raise
            except ValueError as error:
                turn.error = error
                self._failed(turn, batch, for_good=True)
            else:
                self._settle([turn], won, batch)

    def _settle_without_commit(self, turns: Sequence[Turn], batch: dict[str, list[Letter]]) -> None:
        for turn in turns:
            if turn.error is not None:
                self._failed(turn, batch)
        self._settle([turn for turn in turns if turn.error is None], frozenset(), batch)

    def _settle(self, turns: Sequence[Turn], won: frozenset[str], batch: dict[str, list[Letter]]) -> None:
        """What was committed, or needed no commit, is final: relay first, then whoever asked."""
        final = [turn for turn in turns if turn.write is None or turn.saga_id in won]
        if rows := [row for turn in final if turn.write is not None for row in turn.write.outbox]:
            self._relay.offer(rows if self._local is None else self._local.offer(rows))
        committed: list[Committed] = []
        for turn in final:
            if turn.write is not None:
                committed.append(self._committed(turn))
            self._keep(turn)
            if self._local is not None:
                self._tell_local(self._local, turn)
            self._answer(turn)
            del batch[turn.saga_id]
            self._intake.release(turn.saga_id, not self._intake.is_first(turn.saga_id) or self._has_asked(turn))
        if committed:
            self._observer.committed(committed)
            told = 0
            for each in committed:
                if self._watchers.tell(each.decision) and each.decision.status.ended:
                    told += 1
            if told:
                self._intake.told(told)
        if len(final) < len(turns):
            self._lost([turn for turn in turns if turn.saga_id in batch], batch)

    def _lost(self, turns: Sequence[Turn], batch: dict[str, list[Letter]]) -> None:
        """Another coordinator was quicker, or a saga that was taken for new exists already."""
        if fenced := sum(not turn.guessed for turn in turns):
            self._observer.fenced(fenced)
        for turn in turns:
            turn.letters[0].lost = True
            self._again(turn.saga_id, batch)

    def _committed(self, turn: Turn) -> Committed:
        saga, decision, write = turn.saga, turn.decision, turn.write
        assert saga is not None
        assert decision is not None
        assert write is not None
        if write.change is not None:
            saga.row_wake_at = write.change.wake_at
        if turn.long:
            self._long(turn.saga_id, saga)
        return Committed(saga.machine, saga.steps, decision)

    def _long(self, saga_id: str, saga: WarmSaga) -> None:
        length = saga.length
        log.warning("history_long", saga_id=saga_id, events=length.events, bytes=length.bytes)
        self._observer.history_long(saga.machine.definition)

    def _keep(self, turn: Turn) -> None:
        """A saga of ours that goes on stays warm, and its timer is known; all others are forgotten."""
        saga, saga_id, decision = turn.saga, turn.saga_id, turn.decision
        assert saga is not None
        assert decision is not None
        machine = saga.machine
        ours = machine.exists and self._ownership.owns(saga.shard)
        if ours and not machine.evict:
            self._warm.keep(saga_id, saga, decision.wake_at, turn.now)
        else:
            self._warm.drop(saga_id)
        self._timers.set(saga_id, decision.wake_at if ours else None, saga.row_wake_at, saga.shard, turn.now)

    def _has_asked(self, turn: Turn) -> bool:
        """Whether it has asked somebody just now who answers to this coordinator."""
        if turn.write is None or turn.saga is None or not self._ownership.owns(turn.saga.shard):
            return False
        return any(not is_notice(row) for row in turn.write.outbox)

    def _tell_local(self, local: LocalSteps, turn: Turn) -> None:
        if turn.write is not None and turn.saga is not None:
            local.decided(turn.saga_id, turn.saga.machine.awaits)

    def _answer(self, turn: Turn) -> None:
        assert turn.decision is not None
        for letter, verdict in zip(turn.letters, turn.decision.verdicts, strict=True):
            if type(verdict) is Ignored:
                if letter.unsure:
                    self._tell(letter, Known())
                    continue
                self._observer.ignored(verdict.reason)
            self._tell(letter, verdict)

    def _tell(self, letter: Letter, verdict: Verdict) -> None:
        try:
            letter.done(verdict)
        except Exception:
            log.exception("answer_failed")

    def _again(self, saga_id: str, batch: dict[str, list[Letter]]) -> None:
        """Its warm copy went too far, or is behind: forget it, and start over from the log."""
        self._warm.drop(saga_id)
        self._timers.forget(saga_id)
        self._intake.put_back(saga_id, batch.pop(saga_id))

    def _doubt(self, turns: Sequence[Turn]) -> None:
        for turn in turns:
            self._unsure.add(turn.saga_id)
            assert turn.decision is not None
            for letter, verdict in zip(turn.letters, turn.decision.verdicts, strict=True):
                letter.unsure = letter.unsure or isinstance(verdict, Accepted | Known)

    def _failed(self, turn: Turn, batch: dict[str, list[Letter]], for_good: bool = False) -> None:
        """The engine or the database failed on this saga: its facts are tried one by one, then given up."""
        saga_id, error = turn.saga_id, turn.error
        log.error("saga_failed", saga_id=saga_id, facts=len(turn.letters), exc_info=error)
        for letter in turn.letters:
            letter.failures += 1
        first = turn.letters[0]
        if len(turn.letters) > 1:
            self._again(saga_id, batch)
            return
        self._warm.drop(saga_id)
        self._timers.forget(saga_id)
        letters = batch.pop(saga_id)
        if for_good or first.failures > self._limits.fact_attempts:
            self._observer.ignored("failed")
            self._tell(first, Ignored(f"It was given up after {first.failures} attempts: {error}"))
            self._intake.release(saga_id, awaits=False)
        else:
            delay_s = self._limits.fact_retry.delay_s(first.failures)
            asyncio.get_running_loop().call_later(delay_s, self._intake.put_back, saga_id, letters)

    def _hold(self, error: BaseException) -> None:
        """Postgres is away: no batch is started until a while has passed."""
        self._failures += 1
        self._observer.store_unavailable()
        delay_s = self._limits.store_retry.delay_s(self._failures)
        log.warning("store_unavailable", error=str(error), waiting=self._intake.size, retry_in_s=round(delay_s, 2))
        if not self._held:
            self._held = True
            asyncio.get_running_loop().call_later(delay_s, self._resume)

    def _resume(self) -> None:
        if self._cancelled:
            return
        self._held = False
        self._wake()


def _writes(turns: Sequence[Turn]) -> list[SagaWrite]:
    return [turn.write for turn in turns if turn.write is not None]
