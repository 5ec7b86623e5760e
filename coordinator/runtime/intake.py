"""The mailboxes. All facts enter here, each joins the mailbox of its saga; a full intake pushes back."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection

from contracts.failpoints import failpoint
from coordinator.engine.facts import Fact, Start, Verdict
from coordinator.runtime.departures import Boxes, Departures
from coordinator.runtime.letter import Done, Letter
from coordinator.runtime.limits import Limits


class Overloaded(Exception):
    """Too much is waiting, or the coordinator is stopping. Try again after ``retry_after_s`` seconds."""

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Intake:
    """Mailboxes by saga. A saga is in one batch at most; what comes for it meanwhile waits behind that batch.

    Every saga handed out by ``take`` comes back by ``release`` or ``put_back``.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: OrderedDict[str, list[Letter]] = OrderedDict()
        self._taken: dict[str, list[Letter]] = {}
        """Sagas in a batch, each with what came for it meanwhile."""
        self._departures = Departures(limits, self._depart)
        self._size = 0
        self._full = False
        self._closed = False
        self.on_mail: Callable[[], None] = _nothing
        """Called when there is something to take; may be called more often than needed."""
        self.on_room: list[Callable[[], None]] = []
        """Called when the intake is no longer full."""

    @property
    def size(self) -> int:
        """Facts that wait, without those in a batch."""
        return self._size

    @property
    def full(self) -> bool:
        """Whether sources should pause: True from the high-water mark until the low-water mark is reached."""
        return self._full

    @property
    def crowded(self) -> bool:
        """Whether new requests should wait: what is under way comes first."""
        return self._size >= self._limits.facts_submitted

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is in a batch."""
        return not self._size and not self._taken

    @property
    def gathered(self) -> Collection[str]:
        """Sagas that wait for company before they begin."""
        return self._departures.gathered.keys()

    def is_first(self, saga_id: str) -> bool:
        """Whether others wait for the saga's first step, or would."""
        return saga_id in self._departures.under_way

    def holds(self, saga_id: str) -> bool:
        """Whether the saga has mail waiting or is in a batch: it is going to be activated anyway."""
        return saga_id in self._waiting or saga_id in self._taken or saga_id in self._departures.gathered

    async def submit(self, saga_id: str, fact: Fact) -> Verdict:
        """Hands in the fact and waits until its activation is committed. Raises Overloaded when too much waits."""
        self.admit(saga_id)
        return await self.verdict(saga_id, fact)

    def admit(self, saga_id: str) -> None:
        """Whether a fact for the saga may be submitted now. Raises Overloaded when too much waits."""
        if self._closed:
            raise Overloaded("The coordinator is stopping: try again, another one will answer.")
        if self.crowded:
            raise Overloaded(f"The coordinator has {self._size:,} facts to take in first: try again in a second.")
        waiting = self._waiting.get(saga_id) or self._taken.get(saga_id) or self._departures.gathered.get(saga_id) or ()
        if len(waiting) >= self._limits.facts_waiting_per_saga:
            raise Overloaded(f"This saga has {len(waiting):,} facts to take in first: try again in a second.")

    def verdict(self, saga_id: str, fact: Fact) -> "asyncio.Future[Verdict]":
        """Hands in the fact, never refused (see ``offer``). What becomes of it, once its activation is committed."""
        answer: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()

        def done(verdict: Verdict) -> None:
            if not answer.done():
                answer.set_result(verdict)

        self.offer(saga_id, fact, done, may_wait=type(fact) is Start)
        return answer

    def told(self, clients: int) -> None:
        """So many clients were told just now that their sagas have ended: they may begin others together."""
        self._departures.told(clients)

    def _depart(self, company: Boxes) -> None:
        self._waiting.update(company)
        self.on_mail()

    def offer(self, saga_id: str, fact: Fact, done: Done, *, may_wait: bool = False) -> None:
        """Hands in the fact. Never refuses: whoever offers many looks at ``full`` between two handfuls.

        ``may_wait``: with it a saga begins, which may have to wait for company.
        """
        failpoint("fact_received")
        letter = Letter(fact, done)
        if saga_id in self._departures.under_way and type(fact) is not Start:
            self._departures.heard(saga_id)
        if (box := self._waiting.get(saga_id)) is not None:
            box.append(letter)
        elif (held := self._taken.get(saga_id)) is not None:
            held.append(letter)
        elif (kept := self._departures.gathered.get(saga_id)) is not None:
            kept.append(letter)
        elif not (may_wait and self._departures.keeps(saga_id, letter)):
            self._waiting[saga_id] = [letter]
            self.on_mail()
        self._grow(1)

    def _grow(self, letters: int) -> None:
        self._size += letters
        if self._size >= self._limits.facts_high:
            self._full = True

    def close(self) -> None:
        """Refuses submitted facts from here on; what is offered is still taken."""
        self._closed = True
        self._departures.close()

    def take(self, sagas: int) -> list[tuple[str, list[Letter]]]:
        """Hands out up to so many sagas, those that waited longest first, each with its facts in order."""
        batch: list[tuple[str, list[Letter]]] = []
        while self._waiting and len(batch) < sagas:
            saga_id, box = self._waiting.popitem(last=False)
            count = self._together(box)
            self._taken[saga_id] = box[count:]
            batch.append((saga_id, box[:count]))
            self._size -= count
        if self._full and self._size <= self._limits.facts_low:
            self._full = False
            for room in self.on_room:
                room()
        return batch

    def _together(self, box: list[Letter]) -> int:
        """How many letters may be tried together: one on which something failed is tried alone."""
        if len(box) == 1 or box[0].failures:
            return 1
        most = min(len(box), self._limits.facts_per_saga)
        return next((index for index in range(1, most) if box[index].failures), most)

    def release(self, saga_id: str, awaits: bool = True) -> None:
        """The saga's batch is over; what came meanwhile may be taken. ``awaits``: whether an answer is going to come
        for it, and here; otherwise nobody is to wait for that."""
        if not awaits:
            self._departures.heard(saga_id)
        if held := self._taken.pop(saga_id):
            self._waiting[saga_id] = held
            self.on_mail()

    def put_back(self, saga_id: str, letters: list[Letter]) -> None:
        """The saga's batch came to nothing: its letters stand in front again, in their order."""
        held = self._taken.pop(saga_id)
        self._grow(len(letters))
        self._waiting[saga_id] = letters + held
        self._waiting.move_to_end(saga_id, last=False)
        self.on_mail()

    @property
    def sagas_waiting(self) -> int:
        """How many sagas have something to take."""
        return len(self._waiting)


def _nothing() -> None: ...
