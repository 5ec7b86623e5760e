"""What sagas answer at once to those that call them: that they have begun, or how they stand."""

from collections.abc import Callable

from contracts.answers import Answer
from contracts.command_message import CommandMessage
from contracts.topics import Topics
from coordinator.kafka.connection import KafkaSettings
from coordinator.kafka.records import Record
from coordinator.kafka.sender import RecordSender
from coordinator.kafka.surely_sent import SurelySent
from coordinator.runtime.calls import answer_at_once, answer_headers


class ChildAnswers(SurelySent):
    """Sends them to where the parent is at home. A call counts as handled once its answer was acknowledged."""

    def __init__(self, sender: RecordSender, topics: Topics, settings: KafkaSettings) -> None:
        super().__init__(sender, settings, "child_answers_delayed")
        self._topic = topics.replies

    def add(self, call: CommandMessage, child: str, answer: Answer, done: Callable[[], None]) -> None:
        """The call, or undo, is answered; ``done`` is called once that is durable."""
        reply = answer_at_once(call, child, answer)
        headers = answer_headers(reply, call.reply_partition)
        self.put(Record(self._topic, reply.saga_id, headers, reply.value, call.reply_partition), done)
