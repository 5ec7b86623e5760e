"""From the outbox to Kafka, straight after the commit. The table keeps what this loses."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import islice

import structlog

from contracts.failpoints import failpoint
from coordinator.runtime.limits import Limits
from coordinator.runtime.local_rows import is_local
from coordinator.runtime.observer import Observer
from coordinator.runtime.ports import CommandPublisher, Confirmed, OutboxRow, PublisherUnavailable

log = structlog.get_logger(__name__)

_SLOW_S = 0.25
"""A call of the publisher that takes longer does not keep others back."""


class Relay:
    """Publishes rows in order and collects what was acknowledged.

    The rows of a saga that are with the publisher, or were not acknowledged and wait for their next try, block the
    later rows of that saga, and only those: nothing overtakes within a saga.
    """

    def __init__(self, publisher: CommandPublisher, limits: Limits, observer: Observer) -> None:
        self._publisher = publisher
        self._limits = limits
        self._observer = observer
        self._waiting: OrderedDict[str, list[OutboxRow]] = OrderedDict()
        self._blocked: dict[str, list[OutboxRow]] = {}
        """Sagas with rows at the publisher or set aside, each with the later rows."""
        self._known: set[tuple[str, int]] = set()
        """Every attempt in memory, acknowledged ones until their deletion is committed."""
        self._left: set[str] = set()
        """Sagas with rows that found no room in memory: later ones stay in the table too, until they are read back."""
        self._reading: set[str] = set()
        """Those of them whose rows are being read: what is committed meanwhile is read after that."""
        self._confirmed: list[Confirmed] = []
        self._taken_at = 0.0
        self._calls: dict[asyncio.Task[None], float] = {}
        """Those under way, and since when."""
        self._failures = 0
        self._held = False
        self._cancelled = False
        self._patience: asyncio.TimerHandle | None = None
        """Runs out when the calls under way take too long for what waits."""
        self._quiet = asyncio.Event()
        self.on_confirmed: Callable[[], None] = lambda: None
        """Called when there is something for ``take_confirmed``."""

    @property
    def trouble(self) -> str | None:
        """Why nothing can be published, if so."""
        return "Kafka does not acknowledge commands." if self._failures else None

    @property
    def idle(self) -> bool:
        """Nothing is waiting, under way or to be tried again."""
        return not self._waiting and not self._blocked

    @property
    def room(self) -> bool:
        """Whether the sweep may bring more."""
        return not self._held and len(self._known) < self._limits.relay_rows // 2

    def offer(self, rows: Sequence[OutboxRow]) -> None:
        """Rows of a commit, in the order decided. What finds no room stays in the outbox."""
        for row in rows:
            aside = row.saga_id in self._left or row.saga_id in self._reading
            if aside or len(self._known) >= self._limits.relay_rows:
                if len(self._left) < self._limits.relay_rows:
                    self._left.add(row.saga_id)
                continue
            self._add(row)
        self._wake()

    def offer_again(self, rows: Sequence[OutboxRow]) -> int:
        """Rows read back from the outbox; returns how many were not in memory already. Local steps do not go out."""
        added = 0
        for row in rows:
            if is_local(row):
                continue
            if (row.command_id, row.attempt) not in self._known:
                self._add(row)
                added += 1
        self._wake()
        return added

    def left(self, most: int) -> list[str]:
        """Sagas whose rows found no room, so many at most. Read their rows, and give them to ``read``."""
        sagas = list(islice(self._left, most))
        self._reading.update(sagas)
        self._left.difference_update(sagas)
        return sagas

    def read(self, sagas: Sequence[str], rows: Sequence[OutboxRow] | None) -> int:
        """The rows of these sagas, in order; None: they could not be read. See ``offer_again``."""
        self._reading.difference_update(sagas)
        if rows is None:
            self._left.update(sagas)
            return 0
        return self.offer_again(rows)

    def _add(self, row: OutboxRow) -> None:
        self._known.add((row.command_id, row.attempt))
        later = self._blocked.get(row.saga_id)
        if later is None:
            later = self._waiting.setdefault(row.saga_id, [])
        later.append(row)

    @property
    def confirmed(self) -> bool:
        """Whether there is something for ``take_confirmed``."""
        return bool(self._confirmed)

    def taken_since(self, seconds: float) -> bool:
        """Whether a batch took confirmed rows along within the last seconds."""
        return asyncio.get_running_loop().time() - self._taken_at < seconds

    def confirm(self, confirmed: Confirmed) -> None:
        """The row is not needed any more, though nothing was published: it is deleted with those that were."""
        self._confirmed.append(confirmed)
        self.on_confirmed()

    def take_confirmed(self) -> list[Confirmed]:
        """What was acknowledged since; to be deleted by the next commit."""
        taken, self._confirmed = self._confirmed, []
        self._taken_at = asyncio.get_running_loop().time()
        return taken

    def deleted(self, confirmed: Sequence[Confirmed]) -> None:
        """Their deletion is committed."""
        if confirmed:
            failpoint("outbox_deleted")
        for each in confirmed:
            self._known.discard((each.command_id, each.attempt))

    def give_back(self, confirmed: list[Confirmed]) -> None:
        """Their deletion was not committed, or nobody knows."""
        self._confirmed = confirmed + self._confirmed
        if confirmed:
            self.on_confirmed()

    async def drained(self) -> None:
        """Returns when nothing is waiting or under way."""
        while not self.idle:
            self._quiet.clear()
            await self._quiet.wait()

    def cancel(self) -> None:
        """Publishes no more; what is under way is left to the outbox."""
        self._cancelled = self._held = True
        for call in self._calls:
            call.cancel()

    def _wake(self) -> None:
        if self._patience is None:
            self._pump()

    def _pump(self) -> None:
        """Calls the publisher, unless a call is under way that may end soon: what waits meanwhile is the next."""
        self._patience = None
        if not self._waiting or self._held or len(self._calls) >= self._limits.publishes_in_flight:
            return
        loop = asyncio.get_running_loop()
        patience_s = max(self._calls.values(), default=-_SLOW_S) + _SLOW_S - loop.time()
        if patience_s > 0:
            self._patience = loop.call_later(patience_s, self._pump)
            return
        call = loop.create_task(self._publish(self._take()))
        self._calls[call] = loop.time()
        call.add_done_callback(self._ended)

    def _ended(self, call: asyncio.Task[None]) -> None:
        del self._calls[call]
        self._quiet.set()
        if not call.cancelled() and (error := call.exception()) is not None:
            log.error("relay_failed", exc_info=error)
        if self._patience is not None:
            self._patience.cancel()
        self._pump()

    def _take(self) -> list[OutboxRow]:
        rows: list[OutboxRow] = []
        while self._waiting and len(rows) < self._limits.publish_rows:
            saga_id, own = self._waiting.popitem(last=False)
            self._blocked[saga_id] = []
            rows.extend(own)
        return rows

    async def _publish(self, rows: list[OutboxRow]) -> None:
        failpoint("publish_queued")
        confirmed: Sequence[Confirmed] = ()
        try:
            confirmed = await self._publisher.publish(rows)
            self._failures = 0
        except PublisherUnavailable as error:
            self._hold(str(error))
        finally:
            self._settle(rows, confirmed)

    def _settle(self, rows: Sequence[OutboxRow], confirmed: Sequence[Confirmed]) -> None:
        """Frees the sagas whose rows are out; the others are tried again later, before their later rows."""
        if confirmed:
            failpoint("publish_acknowledged")
            self._observer.published(len(confirmed))
            self._confirmed.extend(confirmed)
            self.on_confirmed()
        if len(confirmed) == len(rows):
            for saga_id in dict.fromkeys(row.saga_id for row in rows):
                self._free(saga_id, [])
            return
        out = {(each.command_id, each.attempt) for each in confirmed}
        again: dict[str, list[OutboxRow]] = {row.saga_id: [] for row in rows}
        for row in rows:
            if (row.command_id, row.attempt) not in out:
                again[row.saga_id].append(row)
        aside = {saga_id: own for saga_id, own in again.items() if own and not self._held}
        for saga_id, own in again.items():
            if saga_id not in aside:
                self._free(saga_id, own)
        if aside:
            asyncio.get_running_loop().call_later(self._limits.publish_retry.delay_s(4), self._free_all, aside)

    def _free_all(self, aside: dict[str, list[OutboxRow]]) -> None:
        for saga_id, own in aside.items():
            self._free(saga_id, own)
        self._wake()

    def _free(self, saga_id: str, again: list[OutboxRow]) -> None:
        if rows := again + self._blocked.pop(saga_id):
            self._waiting[saga_id] = rows
            if again:
                self._waiting.move_to_end(saga_id, last=False)

    def _hold(self, reason: str) -> None:
        """Kafka is away: nothing is tried until a while has passed."""
        self._failures += 1
        delay_s = self._limits.publish_retry.delay_s(self._failures)
        log.warning("publisher_unavailable", reason=reason, waiting=len(self._known), retry_in_s=round(delay_s, 2))
        if not self._held:
            self._held = True
            asyncio.get_running_loop().call_later(delay_s, self._resume)

    def _resume(self) -> None:
        if self._cancelled:
            return
        self._held = False
        self._wake()
