"""From a record of the replies topic to a fact, and from its verdict to the record's end."""

from functools import partial
from typing import Any

from contracts.headers import UnreadableMessage
from contracts.reply_message import ReplyMessage
from coordinator.engine.facts import Ignored, Reply, Verdict
from coordinator.kafka.dead_letters import DeadLetters
from coordinator.kafka.offsets import PartitionOffsets
from coordinator.runtime.intake import Intake


class Replies:
    """Takes records in. Each ends as handled: its fact is committed or known, or it is among the dead letters."""

    def __init__(self, intake: Intake, dead_letters: DeadLetters) -> None:
        self._intake = intake
        self._dead_letters = dead_letters

    @property
    def full(self) -> bool:
        """See ``Taker``."""
        return self._intake.full or self._dead_letters.full

    def take(self, record: Any, offsets: PartitionOffsets) -> None:
        """See ``Taker``."""
        offsets.begin(record.offset)
        try:
            message = ReplyMessage.read(record.headers, record.value)
        except UnreadableMessage as error:
            self._set_aside(record, offsets, str(error))
        except Exception as error:  # poison of a kind that nobody has thought of: the partition must move on
            self._set_aside(record, offsets, f"It could not be read: {error!r}")
        else:
            fact = Reply(message.command_id, message.attempt, message.answer)
            self._intake.offer(message.saga_id, fact, partial(self._done, record, offsets))

    def _done(self, record: Any, offsets: PartitionOffsets, verdict: Verdict) -> None:
        if type(verdict) is Ignored:
            self._set_aside(record, offsets, verdict.reason)
        else:
            offsets.done(record.offset)

    def _set_aside(self, record: Any, offsets: PartitionOffsets, reason: str) -> None:
        self._dead_letters.add(record, reason, partial(offsets.done, record.offset))
