"""Writes as the runtime makes them, with all that a test does not care about filled in."""

from coordinator.runtime.ports import OutboxRow, RoundInRow, SagaRowChange, SagaStart, SagaWrite

T0 = 1_790_000_000_000
"""Some time, in ms."""
SHARD = 17

RUNNING = SagaRowChange("running", None, None, None, None)
PARKED = SagaRowChange("parked", None, b'{"problem":{"message":"deploy"}}', "code", None)


def completed(at: int = T0, outcome: bytes = b'{"result":null}') -> SagaRowChange:
    """The parts that change, of a saga that went through."""
    return SagaRowChange("completed", None, outcome, None, at)


def sleeping(until: int, status: str = "running") -> SagaRowChange:
    """The parts that change, of a saga that waits for a time."""
    return SagaRowChange(status, until, None, None, None)


def command(saga_id: str, step: int, attempt: int = 1, value: bytes = b"{}") -> OutboxRow:
    """A command on its way out."""
    headers = (("ce_id", f"{saga_id}:{step}".encode()), ("ce_type", b"flights.reserve"))
    return OutboxRow(f"{saga_id}:{step}", attempt, saga_id, "amends.commands.flights", headers, value)


def start(
    saga_id: str,
    *outbox: OutboxRow,
    definition: str = "book_trip",
    change: SagaRowChange = RUNNING,
    data: bytes = b'{"trip_id":1}',
    events: bytes = b'["started"]',
    at: int = T0,
    traceparent: str | None = None,
) -> SagaWrite:
    """A saga's first activation."""
    beginning = SagaStart(definition, 1, data, at, SHARD, traceparent)
    return SagaWrite(saga_id, 1, events, at, beginning, change, outbox)


def step(
    saga_id: str,
    seq: int,
    *outbox: OutboxRow,
    change: SagaRowChange | None = None,
    events: bytes = b"[]",
    at: int = T0,
    first_row: int = 1,
) -> SagaWrite:
    """A later activation."""
    return SagaWrite(saga_id, seq, events, at, None, change, outbox, first_row)


def another_round(
    saga_id: str,
    seq: int,
    number: int,
    *outbox: OutboxRow,
    first_row: int = 1,
    version: int = 1,
    events: bytes | None = None,
) -> SagaWrite:
    """The activation with which a round begins."""
    change = SagaRowChange("running", T0, None, None, None, round=RoundInRow(number, version))
    events = f'["round {number}"]'.encode() if events is None else events
    return SagaWrite(saga_id, seq, events, T0, None, change, outbox, first_row)
