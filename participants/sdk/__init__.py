"""What a service imports to take part in sagas."""

from participants.sdk.barrier import barrier_table, create_barrier
from participants.sdk.delivery import Delivery
from participants.sdk.heartbeat import Heartbeat
from participants.sdk.later import answered_later
from participants.sdk.participant import Participant
from participants.sdk.tables import create_tables
from participants.sdk.worker import Worker

__all__ = [
    "Delivery",
    "Heartbeat",
    "Participant",
    "Worker",
    "answered_later",
    "barrier_table",
    "create_barrier",
    "create_tables",
]
