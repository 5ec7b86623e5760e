"""aiokafka says the same again and again while a broker or a topic is away, up to a thousand lines a second."""

import logging
import time

_EVERY_S = 5.0
_TALKATIVE = (
    "aiokafka.client",
    "aiokafka.cluster",
    "aiokafka.conn",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.sender",
)


class Seldom(logging.Filter):
    """Lets each kind of line of a logger through once in a while."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this kind of line was not said within the last seconds."""
        now = time.monotonic()
        kind = str(record.msg)
        if now - self._said.get(kind, -_EVERY_S) < _EVERY_S:
            return False
        self._said[kind] = now
        return True


def quieten() -> None:
    """To be called before the first client is made; calling it again changes nothing."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        if not any(isinstance(each, Seldom) for each in logger.filters):
            logger.addFilter(Seldom())
