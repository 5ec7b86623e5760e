"""What the runtime asks of Postgres and Kafka. An adapter is right when it keeps these sentences."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from contracts.attributes import Attributes
from contracts.command_message import CHILD, reply_partition_of
from contracts.reply_message import PARENT
from coordinator.runtime.intake import Intake
from coordinator.runtime.ownership import Ownership
from coordinator.runtime.starting import Starting


class StoredSaga(msgspec.Struct, frozen=True, gc=False):
    """A saga as the log has it."""

    rows: tuple[str | bytes, ...]
    """The event arrays of its history, in order of seq and gapless: from 1, or from where its round begins."""
    wake_at: int | None
    """The wake-up time in its saga row, in ms."""
    shard: int
    """Its place among the coordinators, as its saga row has had it from the start."""


class Due(NamedTuple):
    """A saga that is to be woken."""

    wake_at: int
    saga_id: str
    shard: int


LOCAL_TOPIC = "local:"
"""What the topics of local steps begin with: no topic of Kafka's can be called so. Such rows are never published."""


class OutboxRow(msgspec.Struct, frozen=True, gc=False):
    """A record to be published, kept until Kafka has acknowledged it."""

    command_id: str
    attempt: int
    saga_id: str
    topic: str
    headers: tuple[tuple[str, bytes], ...]
    value: bytes
    partition: int | None = None
    """Of its topic, if that has as many partitions as that of the replies. None: the one that follows from the key.
    See ``partition_in``."""

    @property
    def key(self) -> str:
        """The record's: that of its saga, or of the other one where sagas call each other."""
        name, value = self.headers[-1] if self.headers else ("", b"")
        return value.decode() if name in (CHILD, PARENT) else self.saga_id


def partition_in(headers: tuple[tuple[str, bytes], ...]) -> int | None:
    """The partition of a row with these headers: a command goes where its answer comes back to, and so does the answer
    itself. The call of another saga has that one's key."""
    is_call = bool(headers) and headers[-1][0] == CHILD
    return None if is_call else reply_partition_of(headers)


class Confirmed(msgspec.Struct, frozen=True, gc=False):
    """An attempt that Kafka has acknowledged: its outbox row may go."""

    command_id: str
    attempt: int


class SagaStart(msgspec.Struct, frozen=True, gc=False):
    """The parts of a saga row that never change."""

    definition: str
    version: int
    input: bytes
    at: int
    shard: int
    traceparent: str | None
    parent: str | None = None
    """The saga that had it begun."""


class ShownInRow(msgspec.Struct, frozen=True, gc=False):
    """What the saga's code shows of itself."""

    status_line: str | None
    attributes: bytes | None
    """A JSON object; None: there are none."""


class RoundInRow(msgspec.Struct, frozen=True, gc=False):
    """The round that a saga is in."""

    number: int
    version: int
    """Of its definition."""


class SagaRowChange(msgspec.Struct, frozen=True, gc=False):
    """The parts of a saga row that do change. Written only when one of them has to."""

    status: str
    wake_at: int | None
    outcome: bytes | None
    parked_for: str | None
    ended_at: int | None
    shown: ShownInRow | None = None
    """None: as it was; in a saga that begins: nothing."""
    round: RoundInRow | None = None
    """Another round begins with the history row that is written: those before it are not kept. None: the same, or the
    first."""


class SagaWrite(msgspec.Struct, frozen=True, gc=False):
    """What one activation adds to one saga."""

    saga_id: str
    seq: int
    events: bytes
    """A JSON array."""
    at: int
    start: SagaStart | None
    """Given exactly when seq is 1; then ``change`` is given too."""
    change: SagaRowChange | None
    outbox: tuple[OutboxRow, ...]
    first_row: int = 1
    """The row with which the round began that the saga was in when this was decided."""


class StoreUnavailable(Exception):
    """Postgres cannot be reached, or refuses for now (restart, too many connections, deadlock, disk full).

    Nothing of the call took effect. Try again later.
    """


class OutcomeUnknown(Exception):
    """The connection broke while a commit was under way: it may have taken effect. Read back by key; never re-run."""


class SagaStore(Protocol):
    """The log of all sagas."""

    async def load(self, saga_ids: Sequence[str]) -> Mapping[str, StoredSaga]:
        """The sagas that exist, in one query. Raises StoreUnavailable."""
        ...

    async def commit(self, writes: Sequence[SagaWrite], confirmed: Sequence[Confirmed]) -> frozenset[str]:
        """Writes a batch in one transaction and returns the ids of the sagas that were written.

        A saga whose row (saga_id, seq) exists already, or that is in another round than its writer believes, loses
        alone: neither its outbox rows nor its saga row are written, and its id is not returned. Confirmed outbox rows
        are deleted if their attempt is still the one kept. A batch holds each saga at most once. Raises
        StoreUnavailable, OutcomeUnknown; ValueError when the database refuses a value, in which case nothing took
        effect and the batch should be tried one by one.
        """
        ...

    async def due(self, before: int, limit: int, after: tuple[int, str] | None = None) -> Sequence[Due]:
        """Sagas with wake_at <= before, in order of (wake_at, saga_id), starting behind ``after``."""
        ...

    async def leftovers(self, older_than: int, newer_than: int, limit: int, after: str = "") -> Sequence[OutboxRow]:
        """Outbox rows written before ``older_than`` or, by a clock that was ahead, after ``newer_than``; in order of
        command id, starting behind ``after``."""
        ...

    async def local_rows(self, limit: int, after: str = "") -> Sequence[OutboxRow]:
        """Outbox rows of local steps, whenever written, in order of command id, starting behind ``after``."""
        ...

    async def outbox_of(self, saga_ids: Sequence[str]) -> Sequence[OutboxRow]:
        """All outbox rows of these sagas."""
        ...

    async def parked_for_code(self, limit: int, after: str = "") -> Sequence[tuple[str, int]]:
        """(saga_id, shard) of sagas parked because of their code, in order of their ids, starting behind ``after``."""
        ...

    async def time(self) -> int:
        """What time it is, in ms since 1970: the same for all who ask. Raises StoreUnavailable."""
        ...

    async def ping(self) -> None:
        """Returns when a trivial write-capable query was answered. Raises StoreUnavailable."""
        ...


class PublisherUnavailable(Exception):
    """Kafka did not acknowledge in time. What was handed over may still go out."""


class CommandPublisher(Protocol):
    """The way to Kafka."""

    async def publish(self, rows: Sequence[OutboxRow]) -> Sequence[Confirmed]:
        """Publishes the rows in order and returns those that were acknowledged (acks=all).

        Rows of one saga are not overtaken by later rows of it: after a failure within a saga, its later rows are
        not confirmed either. Raises PublisherUnavailable when nothing was acknowledged within its own deadline.
        """
        ...


class SagaPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a list of sagas: which ones."""

    definition: str | None = None
    """Only sagas of this one."""
    status: str | None = None
    parent: str | None = None
    """Only sagas that this one has had begun."""
    attributes: tuple[Attributes, ...] = ()
    """Only sagas that have all attributes of one of these, numbers by their value."""
    before: tuple[int, str] | None = None
    """Only sagas behind this one: when it was started, and its id."""
    limit: int


class ReadModel(Protocol):
    """Sagas as people look at them."""

    async def saga(self, saga_id: str) -> "SagaView | None":
        """One saga."""
        ...

    async def sagas(self, page: SagaPage) -> Sequence["SagaView"]:
        """Newest first: (started_at, saga_id) descending."""
        ...

    async def history(self, saga_id: str, after: int = 0, limit: int = 1000) -> Sequence["HistoryRow"]:
        """Rows with seq > after, in order; of a saga that went on as new, those of its last round."""
        ...


class SagaView(msgspec.Struct, frozen=True, gc=False):
    """A saga row."""

    saga_id: str
    definition: str
    version: int
    status: str
    input: msgspec.Raw
    outcome: msgspec.Raw | None
    parked_for: str | None
    wake_at: int | None
    started_at: int
    ended_at: int | None
    traceparent: str | None
    parent: str | None = None
    """The saga that had it begun."""
    status_line: str | None = None
    attributes: msgspec.Raw | None = None
    """A JSON object; None: there are none."""
    round: int = 1


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    """One activation."""

    seq: int
    at: int
    events: msgspec.Raw


class Broker(CommandPublisher, Protocol):
    """The way to Kafka and back."""

    async def start(self, intake: Intake, ownership: Ownership, starting: Starting) -> None:
        """Begins to connect, in the background, and returns at once.

        From then on replies and requests are offered to the intake, which is looked at between two handfuls: while it
        is full, no more are taken, and while it is crowded no more requests. Ownership is told which partitions of
        the replies are assigned. Connections that break are made again, for ever.
        """
        ...

    async def pause(self) -> None:
        """Takes no more replies and requests. Those taken go on, and publishing too."""
        ...

    async def stop(self) -> None:
        """Commits the offsets of what was handled, leaves the group, closes. Returns within a few seconds."""
        ...

    @property
    def trouble(self) -> str | None:
        """Why replies cannot be taken just now, if so."""
        ...
