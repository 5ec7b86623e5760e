"""Requests by Kafka: what clients ask for by records, and whether what was asked for is in the log."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, assert_never

from aiokafka import TopicPartition

from contracts.command_message import CommandMessage, child_of
from contracts.failures import Problem
from contracts.ids import forward_id
from contracts.request_message import (
    CancelSaga,
    Request,
    RequestMessage,
    SignalSaga,
    StartSaga,
    UpdateSaga,
    request_name,
)
from coordinator.engine.facts import Accepted, Cancel, Known, Signal, UndoChild, Update
from coordinator.engine.machine import Machine
from coordinator.kafka.records import partition_for
from tests.simulation.cluster import Cluster, Record
from tests.simulation.nodes import TOPICS

_PRODUCER = -1
_TIMEOUT_S = 5.0


def ask(cluster: Cluster, saga_id: str, request: Request, request_id: str | None = None) -> None:
    """Sends it, once; nobody says whether it arrived."""
    partitions = cluster.partitions(TOPICS.requests)
    if not partitions:
        return
    same_again = request_id or f"{saga_id}/{request_name(request)}"
    key, headers, value = RequestMessage(same_again, "/people", request, saga_id).record()
    where = TopicPartition(TOPICS.requests, partition_for(key, range(partitions)))
    sent = cluster.produce(_PRODUCER, where, [(0, key, value, tuple(headers))], _TIMEOUT_S)
    sent.add_done_callback(_heard, context=cluster.network.loop.outside.context)


def _heard(sent: Any) -> None:
    sent.exception()


def lost_requests(
    records: Iterable[Record], rows: Mapping[str, Any], machine: Callable[[str], Machine], now_ms: int
) -> Iterable[str]:
    """Those of these records, none of which was set aside, that the log does not have."""
    for record in records:
        message = RequestMessage.read(record.headers, record.value)
        match message.request:
            case StartSaga(definition, key=key, update=UpdateSaga(name, asked)):
                update = Update(name, message.request_id, asked)
                lost = not _has(machine(f"{definition}:{key}"), update, now_ms)
            case StartSaga(definition, key=key):
                lost = f"{definition}:{key}" not in rows
            case UpdateSaga(name, asked):
                lost = not _has(machine(message.saga_id), Update(name, message.request_id, asked), now_ms)
            case CancelSaga(reason):
                saga = machine(message.saga_id)
                lost = not saga.exists or (
                    not _goes_back(saga) and saga.advance([Cancel(reason)], now_ms).verdicts == (Accepted(),)
                )
            case SignalSaga(name, said):
                saga, signal = machine(message.saga_id), Signal(name, message.request_id, said)
                lost = not saga.exists or saga.advance([signal], now_ms).verdicts == (Accepted(),)
            case _:
                assert_never(message.request)
        if lost:
            yield f"the offset of {record.key!r}'s {record.value!r} was committed, and the log does not have it"


def lost_calls(records: Iterable[Record], machine: Callable[[str], Machine], now_ms: int) -> Iterable[str]:
    """Those of these records, by which sagas call and undo each other, that no log has."""
    for record in records:
        call, child = CommandMessage.read(record.headers, record.value), child_of(record.headers)
        assert child is not None, "it is a call"
        saga = machine(child)
        if call.direction == "forward" or not saga.exists:
            lost = not saga.exists
        else:
            undo = UndoChild(forward_id(call.command_id), call.attempt, Problem("asked", "again"), None)
            lost = not isinstance(saga.advance([undo], now_ms).verdicts[0], Known)
        if lost:
            yield f"the offset of {call.command_id}, attempt {call.attempt}, was committed, and {child} has it not"


def _has(saga: Machine, update: Update, now_ms: int) -> bool:
    return saga.exists and saga.advance([update], now_ms).verdicts == (Known(),)


def _goes_back(saga: Machine) -> bool:
    """It was cancelled before: another cancel may still end a pause."""
    return saga.state.cause is not None or saga.state.cancel is not None
